addEventListener("message", async ({ data: folder }) => {
  const { loadPyodide } = await import(`${folder}pyodide.mjs`);
  await loadPyodide({ indexURL: folder });
  postMessage("ready");
});

/**
 * Light or dark: as the system says, until the user says otherwise. The choice is kept in this browser.
 */

const KEY = "lapicque-theme";

/** @typedef {"light" | "dark"} Theme */

/**
 * @param {HTMLElement} root
 * @param {(theme: Theme) => void} onChange  called at once and at each change
 */
export function createTheme(root, onChange) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = stored();

  const present = () => chosen ?? (system.matches ? "dark" : "light");
  const apply = () => {
    root.dataset.theme = present();
    onChange(present());
  };
  system.addEventListener("change", apply);
  apply();

  return {
    toggle() {
      chosen = present() === "dark" ? "light" : "dark";
      try {
        localStorage.setItem(KEY, chosen);
      } catch {
        // A browser that stores nothing still changes the theme, for this visit.
      }
      apply();
    },
  };
}

/** @returns {Theme | null} */
function stored() {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null;
  }
}

/**
 * Light or dark: as the user chose, else as the page around says, else as the system says.
 */

const KEY = "lapicque-theme";

/** @typedef {"light" | "dark"} Theme */

/**
 * @param {HTMLElement} root
 * @param {object} options
 * @param {(theme: Theme) => void} options.onChange  called at once and at each change
 * @param {boolean} options.isKept  the choice is kept in this browser; in a notebook it would outlive the notebook's own
 */
export function createTheme(root, { onChange, isKept }) {
  const document = root.ownerDocument;
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = isKept ? stored() : null;
  /** @type {Theme | null} */
  let shown = null;

  const present = () => chosen ?? themeOfPage(document) ?? (system.matches ? "dark" : "light");
  const apply = () => {
    const theme = present();
    if (theme === shown) return;
    shown = theme;
    root.dataset.theme = theme;
    onChange(theme);
  };
  const observer = new MutationObserver(apply);
  const filter = { attributes: true, attributeFilter: ["class", "theme", "data-jp-theme-light"] };
  for (const element of [document.documentElement, document.body]) observer.observe(element, filter);
  system.addEventListener("change", apply);
  apply();

  return {
    toggle() {
      chosen = present() === "dark" ? "light" : "dark";
      if (isKept) store(chosen);
      apply();
    },
    destroy() {
      observer.disconnect();
      system.removeEventListener("change", apply);
    },
  };
}

/**
 * What JupyterLab, VS Code and Colab write on their pages; null on a page that says nothing.
 *
 * @param {Pick<Document, "documentElement" | "body">} page @returns {Theme | null}
 */
export function themeOfPage({ documentElement, body }) {
  const jupyter = body.getAttribute("data-jp-theme-light");
  if (jupyter !== null) return jupyter === "false" ? "dark" : "light";
  const { classList } = body;
  if (classList.contains("vscode-light") || classList.contains("vscode-high-contrast-light")) return "light";
  if (classList.contains("vscode-dark") || classList.contains("vscode-high-contrast")) return "dark";
  const colab = documentElement.getAttribute("theme");
  return colab === "dark" || colab === "light" ? colab : null;
}

/** @param {Theme} theme */
function store(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // A browser that stores nothing still changes the theme, for this visit.
  }
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

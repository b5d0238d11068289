// Whether pictures are read on the server or on this device, where the student may choose. The choice stays in this
// browser: another device may be another matter. Some browsers refuse to keep anything.

const KEY = "attune.camera-mode";

export function chosenMode(root) {
  return root.querySelector("[name=camera-mode]:checked")?.value ?? root.dataset.mode;
}

export function rememberMode(mode) {
  try {
    localStorage.setItem(KEY, mode);
  } catch {}
}

export function restoreMode(root) {
  try {
    const chosen = root.querySelector(`[name=camera-mode][value="${localStorage.getItem(KEY)}"]`);
    if (chosen) chosen.checked = true;
  } catch {}
}

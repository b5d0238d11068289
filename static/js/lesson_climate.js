// A chart that is wider than the screen opens where the class got stuck first.

const box = document.querySelector(".chart-scroll");
const spot = box?.querySelector(".spot");
if (spot && !location.hash) {
  const [outer, inner] = [box, spot].map((element) => element.getBoundingClientRect());
  box.scrollLeft += (inner.left + inner.right - outer.left - outer.right) / 2;
}

"""What a page weighs and how soon it shows, in a real browser on a slow network (1.6 Mbit/s, 150 ms there and back).

python -m benchmarks.page_weight --site http://127.0.0.1:8000     # a running demo
"""

import argparse
import json
from urllib.parse import urljoin

from playwright.sync_api import Page, sync_playwright

from accounts.demo import DEMO_PASSWORD
from tests.services import CHROMIUM_ARGUMENTS, find_chromium

NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 93_750,
}  # bytes a second
WATCH = """
globalThis.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
MEASURE = """() => {
  const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return {
    kilobytes: entries.reduce((sum, entry) => sum + entry.transferSize, 0) / 1000,
    requests: entries.length,
    first_paint_ms: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    first_byte_ms: entries[0].responseStart,
    layout_shift: globalThis.shift,
  };
}"""


def measure(page: Page, url: str) -> dict[str, float]:
    """One load with an empty cache."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    session.send("Network.emulateNetworkConditions", NETWORK)
    page.goto(url)
    page.wait_for_timeout(1500)  # what scripts load or move after
    figures = page.evaluate(MEASURE)
    session.detach()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", default="http://127.0.0.1:8000")
    parser.add_argument(
        "--pages", nargs="+", default=["/home/", "/courses/", "/courses/calm-statistics/", "/lessons/1/"]
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(service_workers="block")  # a first visit: nothing is kept yet
        page.add_init_script(WATCH)
        found = {"/": measure(page, urljoin(options.site, "/"))}
        page.goto(urljoin(options.site, "/accounts/login/"))
        page.fill("[name=login]", "ada@attune.example")
        page.fill("[name=password]", DEMO_PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/home/")
        found |= {path: measure(page, urljoin(options.site, path)) for path in options.pages}
        browser.close()
    if options.json:
        print(json.dumps(found))
        return
    print(f"{'page':28} {'kB':>7} {'requests':>9} {'first byte':>11} {'first paint':>12} {'shift':>7}")
    for path, row in found.items():
        times = f"{row['first_byte_ms']:>8.0f} ms {row['first_paint_ms'] or 0:>9.0f} ms"
        print(f"{path:28} {row['kilobytes']:>7.1f} {row['requests']:>9} {times} {row['layout_shift']:>7.3f}")


if __name__ == "__main__":
    main()

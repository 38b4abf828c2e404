"""The screenshots of README and docs, taken of a finished demo.

    rationale demo --out runs/demo
    python benchmarks/screens.py --demo runs/demo

writes docs/images/explore.png (the classifier), drop-0.png to drop-2.png and corpus.png (the AdapLeR model).
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, sync_playwright

from rationale.demo import sample_folder

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WAIT_MS = 120_000


@contextmanager
def app(demo: Path, scores: str, agreement: str) -> Iterator[str]:
    """The app over one run of the demo; its address."""
    (folder,) = demo.glob(f"{scores}-*")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "rationale", "app", "--no-browser", "--port", str(port)),
        *("--scores", str(folder), "--agreement", str(demo / agreement)),
        *("--data", str(sample_folder()), "--split", "val"),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield f"http://localhost:{port}"
        finally:
            process.terminate()


def shoot(page: Any, address: str, name: str, height: int, ready: str) -> None:
    """One screen, once it shows ``ready`` and has come to rest."""
    page.set_viewport_size({"width": 1280, "height": height})
    for _ in range(60):  # the server may still be starting
        try:
            page.goto(address)
            break
        except Error:
            page.wait_for_timeout(1000)
    page.locator(ready).first.wait_for(timeout=WAIT_MS)
    page.wait_for_timeout(3000)
    page.screenshot(path=IMAGES / name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--demo", type=Path, required=True)
    demo = parser.parse_args().demo
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.set_default_timeout(WAIT_MS)
        with app(demo, "scores", "agreement.json") as address:
            shoot(page, f"{address}/?method=deep_lift", "explore.png", 700, ".unit")
        with app(demo, "adapler-scores", "adapler-agreement.json") as address:
            for layer in range(3):
                query = f"?method=contribution&layer={layer}"
                shoot(page, f"{address}/{query}", f"drop-{layer}.png", 740, ".unit")
            shoot(page, f"{address}/corpus", "corpus.png", 1000, ".js-plotly-plot")
        browser.close()


if __name__ == "__main__":
    main()

"""The table of sizes in docs/capacity.md, from figures that the other benchmarks measured.

    python benchmarks/live.py --wiring production --students 200

    python benchmarks/sizing.py 68 [--device-share 0.5]

Given is how many frames a second one core carries with everything that a frame asks for (socket, queue, reading,
database): what that benchmark answered while 95 % waited less than 250 ms, by the cores it ran on.

Plain arithmetic, and each line of it is printed: change a share or a speed and see what follows.
"""

from __future__ import annotations

import argparse
import math

FRAME_BYTES = 20_189  # benchmarks/live.py: a 640x480 JPEG of a face
FILL = 0.6  # of what a core can do: the rest is for bursts, and for a core that is lost
BUCKETS_AN_HOUR = 360  # ten seconds each
BUCKET_BYTES = 231  # on SQLite, with its index: the demo's 3,659 took 843,776
READING_BYTES = 300  # with its two indexes
HOURS_A_WEEK = 2  # with the camera on, for one who uses it
CLASSES = {100: 0.3, 10_000: 0.05, 1_000_000: 0.05}  # enrolled -> share of them in a lesson with a camera at once


def rows(speed: float, device_share: float) -> list[list[str]]:
    """`speed`: frames a second that one core carries. `device_share`: of the cameras, those read on the device."""
    table = []
    for enrolled, share in CLASSES.items():
        cameras = enrolled * share
        frames = cameras * (1 - device_share)  # one a second each
        cores = math.ceil(frames / (FILL * speed))
        stored = enrolled * HOURS_A_WEEK * BUCKETS_AN_HOUR * BUCKET_BYTES * 52 / 1e9
        day = enrolled * HOURS_A_WEEK / 7 * 3600 * READING_BYTES / 1e9
        table.append(
            [
                f"{enrolled:,}",
                f"{cameras:,.0f}",
                f"{frames:,.0f}",
                f"{frames * FRAME_BYTES * 8 / 1e6:,.0f}",
                f"{cores:,}",
                f"{cameras:,.0f}",
                f"{day:,.1f}",
                f"{stored:,.0f}",
            ]
        )
    return table


HEADS = (
    "students",
    "cameras at once",
    "frames/s to the server",
    "Mbit/s in",
    "cores",
    "readings/s written",
    "GB of readings (a day)",
    "GB of sums (a year)",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("speed", type=float, help="frames a second that one core carries")
    parser.add_argument("--device-share", type=float, default=0.0, help="of the cameras: read on the device (0)")
    options = parser.parse_args()
    if not options.speed > 0:
        parser.error("The frames a second are above 0.")
    print(f"One core carries {options.speed:g} frames a second and is planned for {FILL * options.speed:.0f}.\n")
    for line in (HEADS, ["--:"] * len(HEADS), *rows(options.speed, options.device_share)):
        print(f"| {' | '.join(line)} |")


if __name__ == "__main__":
    main()

"""Table and curves of several presets of bouncing balls, seeds put together.

What: the share of wrong pixels by horizon and by the number of missing frames (Li &
    Mandt 2018, figure 8), mean and standard deviation (n - 1) over the trainings of
    each preset with different seeds, read from their metrics.json.
Command: python recipes/compare_bouncing_balls.py runs/*bouncing-balls*
    (-o FOLDER for the files; default: runs)
Result: missing_frames.png and bouncing_balls.md.
"""

import argparse
from pathlib import Path


def main(arguments=None) -> list[Path]:
    """Parses the command line and writes both files; returns their paths."""
    from halo_keras.evaluation.horizon_report import (
        horizon_figure,
        horizon_table,
        read_runs,
    )
    from halo_keras.hub.errors import PresetError
    from halo_keras.hub.strict_json import write_text

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("presets", nargs="+", metavar="FOLDER", help="of a preset")
    parser.add_argument("-o", "--output", default="runs", metavar="FOLDER")
    options = parser.parse_args(arguments)
    try:
        runs = read_runs(options.presets)
        output = Path(options.output)
        output.mkdir(parents=True, exist_ok=True)
        table = horizon_table(runs)
        print(table)
        write_text(output / "bouncing_balls.md", table)
        horizon_figure(runs, output / "missing_frames.png")
    except (PresetError, ValueError, OSError) as error:
        raise SystemExit(f"error: {error}") from error
    return [output / "missing_frames.png", output / "bouncing_balls.md"]


if __name__ == "__main__":
    main()

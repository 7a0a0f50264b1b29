"""Table 2 of DSVAE for several presets of speech, and what its full posterior does.

What: equal error rates of content and of motion with standard errors over speakers,
    beside mean cepstra and what others published on TIMIT, read from metrics.json; and
    whether the full posterior takes the speaker out of the motion, as Li & Mandt 2018
    find.
Command: python recipes/compare_speech.py runs/*speech
    (-o FILE for the text; default: runs/speech.md)
"""

import argparse
from pathlib import Path


def main(arguments=None) -> Path:
    """Parses the command line, prints and writes the tables; returns the path."""
    from halo_keras.evaluation.verification_report import (
        read_runs,
        verification_table,
    )
    from halo_keras.hub.errors import PresetError
    from halo_keras.hub.strict_json import write_text

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("presets", nargs="+", metavar="FOLDER", help="of a preset")
    parser.add_argument("-o", "--output", default="runs/speech.md", metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        text = verification_table(read_runs(options.presets))
        print(text)
        path = Path(options.output)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    except (PresetError, ValueError, OSError) as error:
        raise SystemExit(f"error: {error}") from error
    return path


if __name__ == "__main__":
    main()

"""Writes every dashboard: `python -m deploy.grafana.boards [FOLDER]`, from the root of the repository."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from deploy.grafana.boards import analyzer, api, infrastructure, jobs, overview

_FOLDER = Path(__file__).parents[1] / "dashboards"


def main() -> None:
    """Write them where Grafana finds them, or into the folder that is named."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else _FOLDER
    for module in (overview, jobs, analyzer, api, infrastructure):
        board = module.BOARD
        text = json.dumps(board.to_json(), indent=2, ensure_ascii=False)
        (folder / f"{board.word}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Environment that puts a library of tests/crash between a program and its files."""

import os
import pathlib

from .cluster import CHECKOUT


def library(name="dropunsynced"):
    build = pathlib.Path(os.environ.get("TROUPE_BUILD_DIR", CHECKOUT / "build" / "release"))
    path = build / "lib" / f"lib{name}.so"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; build the target {name}")
    return str(path)


def drop_unsynced(folder, lie=None, early_percent=0):
    """Variables for a process that loses what it did not sync under `folder`.

    While a file with the path `lie` exists, syncing reports success and does nothing.
    """
    variables = {
        "LD_PRELOAD": library(),
        "DROP_UNSYNCED_FOLDER": str(folder),
        "DROP_UNSYNCED_EARLY_PERCENT": str(early_percent),
    }
    if lie is not None:
        variables["DROP_UNSYNCED_LIE"] = str(lie)
    return variables


def slow_sync(told):
    """Variables for a process whose syncs take as many milliseconds longer as the file `told` says, while it is there."""
    return {"LD_PRELOAD": library("slowsync"), "SLOW_SYNC_FILE": str(told)}

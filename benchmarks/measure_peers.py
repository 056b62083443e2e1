"""Seasons and trends by zeit-cdts, in a separate environment: started by ``phenology.py`` and ``trends.py``.

    python measure_peers.py phenology|mann_kendall IN.npz OUT.npz THREADS

Reads ``values`` (t, y, x) and ``dates`` (ISO text), and writes the requested layers and ``seconds`` and ``busy``, the
processor seconds of all threads (the best of two).
"""

from __future__ import annotations

import sys
import time

import numpy as np
import xarray as xr
import zeit


def main() -> None:
    task, source, target, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    given = np.load(source)
    values, dates = given["values"], given["dates"].astype("datetime64[ns]")
    _, height, width = values.shape
    cube = xr.DataArray(
        values, dims=("time", "y", "x"), coords={"time": dates, "y": np.arange(height)[::-1], "x": np.arange(width)}
    )
    seconds, busy, out = [], [], {}
    for _ in range(2):
        begin, used = time.perf_counter(), time.process_time()
        if task == "phenology":
            found = zeit.phenology(cube, curve=str(given["curve"]), n_jobs=threads)
            names = {"start": "TRS5.sos", "end": "TRS5.eos"}
        else:
            found = zeit.mann_kendall(cube, method=str(given["method"]), n_jobs=threads)
            names = {n: n for n in ("slope", "p", "z", "tau", "intercept")}
        out = {name: np.asarray(found[of].values) for name, of in names.items()}
        seconds.append(time.perf_counter() - begin)
        busy.append(time.process_time() - used)
    np.savez(target, seconds=min(seconds), busy=min(busy), **out)


if __name__ == "__main__":
    main()

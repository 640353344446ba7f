import sys
import time
import traceback

from tests.simulation.play import Play

a, b = int(sys.argv[1]), int(sys.argv[2])
steps = int(sys.argv[3]) if len(sys.argv) > 3 else 200
t = time.perf_counter()
bad = 0
fails = {}
for s in range(a, b):
    p = None
    try:
        p = Play(s, steps)
        p.run()
    except BaseException as e:  # noqa: BLE001  # every seed is judged
        bad += 1
        last = traceback.extract_tb(e.__traceback__)[-1]
        print(
            s,
            type(e).__name__,
            str(e)[:300],
            f"{last.filename.split('/')[-1]}:{last.lineno}" if type(e).__name__ != "Broken" else "",
        )
        if b - a == 1:
            print("\n".join(p.stage.trace.written(str(e).splitlines())))
            traceback.print_exc()
print((b - a) / (time.perf_counter() - t), "seeds/s", bad, "bad")

"""What the machine did during a measurement: whether its figures can be trusted."""

import os
import pathlib

TICKS = os.sysconf("SC_CLK_TCK")


def _process_times():
    """Returns {pid: (parent, own seconds, seconds of children that ended)}."""
    found = {}
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended
        own, ended = (int(fields[11]) + int(fields[12])) / TICKS, (int(fields[13]) + int(fields[14])) / TICKS
        found[int(folder.name)] = (int(fields[1]), own, ended)
    return found


def _processor():
    """Returns (all, idle, stolen) seconds of all processors."""
    fields = [int(word) / TICKS for word in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return sum(fields[:8]), fields[3] + fields[4], fields[7]


def _ours(times):
    """This process and its descendants."""
    children = {}
    for pid, (parent, _, _) in times.items():
        children.setdefault(parent, []).append(pid)
    todo, found = [os.getpid()], set()
    while todo:
        pid = todo.pop()
        found.add(pid)
        todo += children.get(pid, [])
    return found


def _foreign_seconds(times):
    """The time of all programs but this one, its descendants, and the kernel's threads."""
    ours, kernel = _ours(times), 2
    return sum(own + ended for pid, (parent, own, ended) in times.items()
               if pid not in ours and kernel not in (pid, parent))


class Watch:
    """Begins when it is made. report() gives the shares of the processors' time since then."""

    def __init__(self):
        self._times, self._processor = _process_times(), _processor()

    def report(self, named):
        """`named`: {label: pid}. The values are percent; a single busy processor is 100 for a process."""
        times, processor = _process_times(), _processor()
        passed, idle, stolen = (now - before for now, before in zip(processor, self._processor))
        wall = passed / os.cpu_count()
        # The time of a process that ended has moved to its parent, so the sums are compared, not the processes.
        foreign = _foreign_seconds(times) - _foreign_seconds(self._times)

        def share(pid):
            return round(100 * (times[pid][1] - self._times.get(pid, (0, 0, 0))[1]) / wall, 1) if pid in times else None

        return {"busy": round(100 * (1 - idle / passed), 1), "stolen": round(100 * stolen / passed, 1),
                "foreign": round(max(0.0, 100 * foreign / passed), 1),
                "processes": {label: share(pid) for label, pid in named.items()}}

"""h5py_interop.py write DIR | compare RUN RUN | read FILE DIR: the h5py side of h5py_interop.sh."""
import itertools
import os
import sys

import h5py
import numpy

TIMES = [numpy.float16, numpy.float32, numpy.float64]
UNITS = [numpy.uint8, numpy.uint16, numpy.int64]
STORED = {
    "plain": {},
    "gzip": {"chunks": (7,), "compression": "gzip", "shuffle": True},
}


def recordings(count, seed):
    """Events whose times float16 holds exactly and whose units fit into uint8."""
    random = numpy.random.RandomState(seed)
    for i in range(count):
        events = 0 if i == 3 else random.randint(20, 120)
        yield numpy.sort(random.randint(0, 1024, events)) / 1024, random.randint(0, 256, events)


def write_event_file(path, count, seed, time_type, unit_type, options):
    with h5py.File(path, "w") as file:
        lists = list(recordings(count, seed))
        times = file.create_dataset(
            "spikes/times", (count,), dtype=h5py.vlen_dtype(numpy.dtype(time_type)), **options)
        units = file.create_dataset(
            "spikes/units", (count,), dtype=h5py.vlen_dtype(numpy.dtype(unit_type)), **options)
        for i, (seconds, numbers) in enumerate(lists):
            times[i] = seconds.astype(time_type)
            units[i] = numbers.astype(unit_type)
        checked = {**options, "fletcher32": True} if options else {}  # HDF5 has it not for lists
        file.create_dataset("labels", data=numpy.arange(count, dtype=numpy.uint16) % 10, **checked)
        file["extra/speaker"] = numpy.zeros(count, dtype=numpy.uint8)


def write_nmnist(folder):
    """Two recordings, and what their file must hold."""
    expected = []
    for number, (digit, events) in enumerate([(7, 300), (0, 40)], start=1):
        random = numpy.random.RandomState(number)
        x, y, p = (random.randint(0, n, events) for n in (36, 34, 2))
        t = numpy.sort(random.randint(0, 310000, events))
        bits = (p << 7 | t >> 16, t >> 8 & 255, t & 255)
        path = os.path.join(folder, "nmnist", str(digit), f"{number:05}.bin")
        os.makedirs(os.path.dirname(path))
        numpy.stack((x, y, *bits), axis=1).astype(numpy.uint8).tofile(path)
        seen = x < 34
        expected.append((digit, (x + 34 * y + 1156 * p)[seen], (t[seen] / 1e6).astype(numpy.float32)))
    return expected


def write(folder):
    for time_type, unit_type, (name, options) in itertools.product(TIMES, UNITS, STORED.items()):
        of_kind = f"{numpy.dtype(time_type)}-{numpy.dtype(unit_type)}-{name}"
        os.makedirs(os.path.join(folder, of_kind))
        for part, count in (("train", 60), ("test", 20)):
            path = os.path.join(folder, of_kind, f"{part}_shd.h5")
            write_event_file(path, count, count, time_type, unit_type, options)
    os.makedirs(os.path.join(folder, "raw"))
    write_nmnist(os.path.join(folder, "raw"))


def read_state(path):
    """Weights and optimiser, by name."""
    found = {}
    with h5py.File(path, "r") as file:
        for group in ("parameters", "optimizer"):
            file[group].visititems(
                lambda name, item: found.__setitem__(f"{group}/{name}", item[()])
                if isinstance(item, h5py.Dataset) else None)
    return found


def compare(one, other):
    a, b = (read_state(os.path.join(run, "checkpoint.h5")) for run in (one, other))
    assert a.keys() == b.keys() and len(a) > 4, a.keys()
    for name, value in a.items():
        assert value.tobytes() == b[name].tobytes(), f"{other}: {name} differs from {one}"


def read(path, folder):
    expected = write_nmnist(folder)
    with h5py.File(path, "r") as file:
        assert file.attrs["spiketape_format"] == 1, dict(file.attrs)
        assert bytes(file.attrs["source"]) == b"N-MNIST", dict(file.attrs)
        types = {name: h5py.check_vlen_dtype(file[name].dtype) for name in ("spikes/times", "spikes/units")}
        assert types == {"spikes/times": numpy.float32, "spikes/units": numpy.int32}, types
        assert file["labels"].dtype == numpy.int32, file["labels"].dtype
        assert len(file["labels"]) == len(file["spikes/times"]) == len(file["spikes/units"]) == len(expected)
        for i, (digit, units, times) in enumerate(expected):
            assert file["labels"][i] == digit
            assert numpy.array_equal(file["spikes/units"][i], units)
            assert numpy.array_equal(file["spikes/times"][i], times)


if __name__ == "__main__":
    {"write": write, "compare": compare, "read": read}[sys.argv[1]](*sys.argv[2:])

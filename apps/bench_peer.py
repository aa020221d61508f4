#!/usr/bin/env python3
"""Times dense PyTorch and spiketape on the same card, one after the other.

    apps/bench_peer.py [--program build/cuda/spiketape] [--shapes fmnist,nmnist,shd] [--hidden 200] [--batch 256]
                       [--repeats 10] [--device cuda] [--json FILE]

The step is that of `spiketape bench`: the paper's network, forward, backward and Adam on random input. PyTorch runs it as
dense backprop through time in three ways:

    unbound   the currents of a layer are one product, cut into steps once: linear in the number of steps
    compiled  the same, with the neuron's step fused by torch.compile
    indexed   currents[:, t] in the time loop, as the paper's baseline has it: autograd then adds up a gradient of full
              size at every step, so the time is quadratic in the number of steps

Kept is what forward leaves for backward besides the input and the parameters, peak the most that was allocated on the card.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time

SHAPES = {
    # inputs, classes, steps, dt, tau of the readout, events a sample, score, gain of the weights
    "fmnist": (784, 10, 100, 1e-3, 10e-3, 390, "max", 4.5),
    "nmnist": (1156, 10, 300, 1e-3, 10e-3, 4000, "max", 3.2),
    "shd": (700, 20, 500, 2e-3, 20e-3, 8000, "sum", 3.4),
}
TAU = 10e-3
BETA = 100.0


def stop(message):
    sys.exit(f"bench_peer: {message}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/cuda/spiketape", help="the program spiketape [%(default)s]")
    parser.add_argument("--shapes", default=",".join(SHAPES), help="which shapes [%(default)s]")
    parser.add_argument("--styles", default="unbound,compiled,indexed", help="which styles [%(default)s]")
    parser.add_argument("--hidden", type=int, default=200)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=10, help="steps that are measured [%(default)s]")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N or cpu [%(default)s]")
    parser.add_argument("--json", help="write the figures here, too")
    arguments = parser.parse_args()
    for shape in arguments.shapes.split(","):
        if shape not in SHAPES:
            stop(f"there is no shape '{shape}'; expected some of {', '.join(SHAPES)}")
    for style in arguments.styles.split(","):
        if style not in ("unbound", "compiled", "indexed"):
            stop(f"there is no style '{style}'; expected some of unbound, compiled, indexed")
    if not os.access(arguments.program, os.X_OK):
        stop(f"{arguments.program} is no program; build it (./run build), or name it with --program")
    return arguments


ARGUMENTS = parse_arguments()
try:
    import torch
except ImportError:
    stop("PyTorch is not installed here; pip install torch (or apt-get install python3-torch for the CPU)")
if ARGUMENTS.device != "cpu" and not torch.cuda.is_available():
    stop("this PyTorch sees no card; look at nvidia-smi and torch.version.cuda, or use --device cpu")
DEVICE = torch.device(ARGUMENTS.device)


class Fire(torch.autograd.Function):
    """1 where the distance to the threshold is above 0; backward the fast sigmoid's slope."""

    @staticmethod
    def forward(ctx, distance):
        ctx.save_for_backward(distance)
        return (distance > 0).to(distance.dtype)

    @staticmethod
    def backward(ctx, grad):
        (distance,) = ctx.saved_tensors
        return grad / (BETA * distance.abs() + 1.0).square()


def neuron_step(membrane, spikes, current, decay):
    """V' = decay V + I - S, S' = 1 where V' > 1; the reset carries no gradient."""
    membrane = decay * membrane + current - spikes.detach()
    return membrane, Fire.apply(membrane - 1.0)


def by_step(currents, style):
    return (lambda t: currents[:, t]) if style == "indexed" else currents.unbind(1).__getitem__


def hidden_layer(spikes, weight, decay, style, step):
    at = by_step(spikes @ weight, style)
    membrane = torch.zeros_like(at(0))
    fired = torch.zeros_like(membrane)
    record = [fired]
    for t in range(spikes.shape[1] - 1):
        membrane, fired = step(membrane, fired, at(t), decay)
        record.append(fired)
    return torch.stack(record, dim=1)


def readout_layer(spikes, weight, decay, style):
    at = by_step(spikes @ weight, style)
    trace = torch.zeros_like(at(0))
    record = [trace]
    for t in range(spikes.shape[1] - 1):
        trace = decay * trace + (1.0 - decay) * at(t)
        record.append(trace)
    return torch.stack(record, dim=1)


def now():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize(DEVICE)
    return time.perf_counter()


class Kept:
    """Counts the bytes of what autograd saves while it lives, each storage once, but for `others`."""

    def __init__(self, others):
        self.bytes = 0
        self.alive = []  # so that no two storages have one address
        self.seen = {tensor.storage().data_ptr() for tensor in others}
        self.hooks = torch.autograd.graph.saved_tensors_hooks(self.pack, lambda tensor: tensor)

    def pack(self, tensor):
        storage = tensor.storage()
        if storage.data_ptr() not in self.seen:
            self.seen.add(storage.data_ptr())
            self.alive.append(storage)
            self.bytes += storage.nbytes()
        return tensor

    def __enter__(self):
        self.hooks.__enter__()
        return self

    def __exit__(self, *error):
        return self.hooks.__exit__(*error)


def time_torch(shape, style):
    """Milliseconds of forward, backward, update and the whole step: medians; MiB that forward keeps, and the peak."""
    inputs, classes, steps, dt, tau_readout, events, score, gain = SHAPES[shape]
    torch.manual_seed(1)
    sizes = [inputs, ARGUMENTS.hidden, ARGUMENTS.hidden, classes]
    x = (torch.rand(ARGUMENTS.batch, steps, inputs, device=DEVICE) < events / (steps * inputs)).float()
    labels = torch.randint(classes, (ARGUMENTS.batch,), device=DEVICE)
    weights = [
        ((2.0 * torch.rand(m, n, device=DEVICE) - 1.0) * gain / math.sqrt(m)).requires_grad_()
        for m, n in zip(sizes, sizes[1:])
    ]
    adam = torch.optim.Adam(weights, lr=0.0)
    decay, decay_readout = math.exp(-dt / TAU), math.exp(-dt / tau_readout)
    step = torch.compile(neuron_step) if style == "compiled" else neuron_step
    if DEVICE.type == "cuda":
        torch.cuda.reset_peak_memory_stats(DEVICE)

    def forward_pass():
        hidden = x
        for weight in weights[:2]:
            hidden = hidden_layer(hidden, weight, decay, style, step)
        trace = readout_layer(hidden, weights[2], decay_readout, style)
        scores = trace.amax(dim=1) if score == "max" else trace.sum(dim=1)
        return torch.nn.functional.cross_entropy(scores, labels)

    times = []
    for _ in range(ARGUMENTS.repeats + 2):
        begin = now()
        loss = forward_pass()
        forward = now()
        adam.zero_grad()
        loss.backward()
        backward = now()
        adam.step()
        end = now()
        times.append((forward - begin, backward - forward, end - backward, end - begin))
    medians = [1e3 * statistics.median(column) for column in zip(*times[2:])]
    peak = torch.cuda.max_memory_allocated(DEVICE) / 2**20 if DEVICE.type == "cuda" else float("nan")
    del loss
    with Kept([x, *weights]) as kept:
        forward_pass()
    return (*medians, kept.bytes / 2**20, peak)


def time_spiketape(shape):
    command = [ARGUMENTS.program, "bench", shape, "--device", ARGUMENTS.device, "--hidden", str(ARGUMENTS.hidden)]
    command += ["--batch", str(ARGUMENTS.batch), "--json", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        stop(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return json.loads(done.stdout)[0]


def main():
    name = torch.cuda.get_device_name(DEVICE) if DEVICE.type == "cuda" else "the CPU"
    print(f"PyTorch {torch.__version__} and spiketape on {name}; batch {ARGUMENTS.batch}, hidden {ARGUMENTS.hidden} twice")
    print(f"{'shape':7} {'what':20} {'forward':>9} {'backward':>9} {'update':>9} {'step ms':>9} {'ratio':>7} {'kept MiB':>9} {'peak MiB':>9}")
    figures = []

    def line(shape, what, forward, backward, update, step, ours, kept, peak):
        print(
            f"{shape:7} {what:20} {forward:9.3f} {backward:9.3f} {update:9.3f} {step:9.3f} {step / ours:6.1f}x {kept:9.2f} {peak:9.1f}",
            flush=True,
        )
        memory = {"kept_mib": kept, "peak_mib": peak}
        known = {name: None if math.isnan(mib) else mib for name, mib in memory.items()}  # JSON has no NaN
        figures.append({"shape": shape, "what": what, "step_ms": step, "ratio": step / ours, **known})

    for shape in ARGUMENTS.shapes.split(","):
        own = time_spiketape(shape)
        ours = own["step_ms"]
        kept, peak = own["tape_bytes"] / 2**20, own["device_peak_bytes"] / 2**20
        line(shape, "spiketape", own["forward_ms"], own["backward_ms"], own["update_ms"], ours, ours, kept, peak)
        dense_peak = own["dense_device_peak_bytes"] / 2**20
        dense = own["dense_forward_ms"], own["dense_backward_ms"], float("nan"), own["dense_step_ms"]
        line(shape, "spiketape, dense", *dense, ours, float("nan"), dense_peak)
        for style in ARGUMENTS.styles.split(","):
            try:
                *times, kept, peak = time_torch(shape, style)
            except Exception as error:  # another style may still run: out of memory, no compiler, ...
                print(f"{shape:7} PyTorch {style}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
                continue
            line(shape, f"PyTorch, {style}", *times, ours, kept, peak)
    if ARGUMENTS.json:
        with open(ARGUMENTS.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)


main()

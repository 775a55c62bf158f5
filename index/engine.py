"""Running a transformer on a CPU: OpenVINO where it can, PyTorch where it cannot.

A network here takes `input_ids` and `attention_mask`, shape (batch, tokens), and gives one
array whose first axis is the batch.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from index import quantization

if TYPE_CHECKING:
    import openvino
    import torch

logger = logging.getLogger(__name__)

Tokens = Sequence[Sequence[int]]  # a batch: the token ids of each text
Array = NDArray[np.float32]
Store = Callable[[Array, list[int]], None]  # takes a batch's result and its rows


class Engine(Protocol):
    """Runs one network. Calls must not overlap: its user holds a lock."""

    def run(self, batch: Tokens) -> Array:
        """One batch, as soon as can be."""
        ...

    def run_many(self, batches: Iterable[tuple[Tokens, list[int]]], store: Store) -> None:
        """Many batches, as many a second as can be; `store` is called as each is done."""
        ...


def padded(batch: Tokens, pad: int) -> dict[str, NDArray[np.int64]]:
    """A batch as the network takes it, padded to its longest text."""
    width = max(len(tokens) for tokens in batch)
    ids = np.full((len(batch), width), pad, np.int64)
    mask = np.zeros((len(batch), width), np.int64)
    for row, tokens in enumerate(batch):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    return {"input_ids": ids, "attention_mask": mask}


class OpenVinoEngine:
    """In bfloat16 where the processor computes in it, else in float32; matrices of eight bits
    stay so where the model holds them (index/quantization.py).

    Compiled for latency at once, and for throughput when it is first asked for many batches.
    """

    def __init__(self, model: Path, pad: int) -> None:
        import openvino

        self._core = openvino.Core()
        self._model = self._core.read_model(model)
        capabilities = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self._precision = "bf16" if "BF16" in capabilities else "f32"
        self._pad = pad
        self._latency = self._compiled("LATENCY")
        self._many: list[openvino.InferRequest] = []

    def run(self, batch: Tokens) -> Array:
        result: Array = np.array(self._latency(padded(batch, self._pad))[0], np.float32)
        return result

    def run_many(self, batches: Iterable[tuple[Tokens, list[int]]], store: Store) -> None:
        # Requests waited for in turn, not a queue with callbacks: OpenVINO's threads would need
        # the interpreter's lock for those, and can wait for it while being waited for.
        requests = self._requests()
        running: deque[tuple[openvino.InferRequest, list[int]]] = deque()
        for batch, rows in batches:
            if len(running) < len(requests):
                request = requests[len(running)]
            else:
                request = self._finish(running, store)
            request.start_async(padded(batch, self._pad))
            running.append((request, rows))
        while running:
            self._finish(running, store)

    @staticmethod
    def _finish(
        running: deque[tuple[openvino.InferRequest, list[int]]], store: Store
    ) -> openvino.InferRequest:
        """Wait for the request started first, and hand over what it found."""
        request, rows = running.popleft()
        request.wait()
        store(np.array(request.get_output_tensor(0).data, np.float32), rows)
        return request

    def _requests(self) -> list[openvino.InferRequest]:
        """As many as the network, compiled for throughput, runs side by side."""
        if not self._many:
            compiled = self._compiled("THROUGHPUT")
            count = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
            self._many = [compiled.create_infer_request() for _ in range(count)]
        return self._many

    def _compiled(self, hint: str) -> openvino.CompiledModel:
        return self._core.compile_model(
            self._model,
            "CPU",
            {
                "PERFORMANCE_HINT": hint,
                "INFERENCE_PRECISION_HINT": self._precision,
                "DYNAMIC_QUANTIZATION_GROUP_SIZE": quantization.GROUP_SIZE,
            },
        )


class TorchEngine:
    """Plain PyTorch, in float32."""

    def __init__(self, module: torch.nn.Module, pad: int) -> None:
        self._module = module.eval()
        self._pad = pad

    def run(self, batch: Tokens) -> Array:
        import torch

        inputs = {k: torch.from_numpy(v) for k, v in padded(batch, self._pad).items()}
        with torch.inference_mode():
            result: Array = self._module(**inputs).float().numpy()
        return result

    def run_many(self, batches: Iterable[tuple[Tokens, list[int]]], store: Store) -> None:
        for batch, rows in batches:
            store(self.run(batch), rows)


def load_engine(folder: Path, pad: int, build: Callable[[], torch.nn.Module]) -> Engine:
    """The network that `build` makes, or as it is where OpenVINO cannot run it.

    Converted once, to a folder beside `folder` that is named for what this processor runs
    fastest. What cannot be read there is converted anew.
    """
    folder = folder.with_name(f"{folder.name}-{'int8' if quantization.is_faster() else 'float'}")
    with _converting:
        try:
            import openvino  # noqa: F401  # where it is missing, what was converted is not to blame

            if folder.is_dir():
                try:
                    return OpenVinoEngine(folder / "model.xml", pad)
                except Exception as error:  # OpenVINO has one kind of error for all
                    logger.warning("%s cannot be read (%s): converting again", folder, error)
                    shutil.rmtree(folder)
            _convert(build(), folder)
            return OpenVinoEngine(folder / "model.xml", pad)
        except Exception as error:  # any failure of an optional engine: PyTorch still works
            logger.warning("OpenVINO cannot run %s (%s); using PyTorch", folder, error)
            return TorchEngine(build(), pad)


# One at a time in a process: the tracer patches modules while it runs.
_converting = threading.Lock()


def _convert(module: torch.nn.Module, folder: Path) -> None:
    import openvino
    import torch

    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    ids = torch.ones((2, 8), dtype=torch.long)
    example = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # the tracer remarks on branches that stay constant
            converted = openvino.convert_model(module.eval(), example_input=example)
        openvino.save_model(converted, aside / "model.xml", compress_to_fp16=True)
        if quantization.is_faster():
            _quantize(aside)
        aside.chmod(0o755)
        os.rename(aside, folder)
    except OSError:
        if not folder.is_dir():  # not merely overtaken by another process
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _quantize(folder: Path) -> None:
    """The model in a folder with weights of eight bits, all else as it was saved."""
    import openvino

    model = openvino.Core().read_model(folder / "model.xml")
    quantization.quantize(model)
    # Only a model just converted is compressed to half precision when it is saved: this one
    # has been, and is written to the side because its weights are still read from the file.
    openvino.save_model(model, folder / "int8.xml", compress_to_fp16=False)
    del model
    for suffix in (".xml", ".bin"):
        os.replace(folder / f"int8{suffix}", folder / f"model{suffix}")

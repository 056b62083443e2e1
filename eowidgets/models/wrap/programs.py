"""Networks in files, opened as torch modules that can be sent to other machines.

Capabilities of each format when it is opened (checked against torch 2.13 and onnxruntime 1.32):

- TorchScript (``torch.jit.load``) is a program: its code can call any operator of torch, some of which write files.
- An exported program (``torch.export.load``) contains pickles, which run code when they are read; the documentation of torch
  warns against untrusted sources.
- ONNX is data: a graph of known operators. Tensors in external files, which could be any file of this machine, are refused
  here; operators from other libraries are not loaded.

So the first two need ``trust=True``: the user confirms that the source of the file is trusted.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from eowidgets.contract.checkpoint import read_file
from eowidgets.errors import InputError, MissingExtraError, ModelError


class Program(nn.Module, ABC):
    """A network stored as the bytes of its file, and opened at first use.

    Parameters
    ----------
    data : bytes
    name : str
        File name, for messages.
    """

    #: Whether opening the file can run code that it contains.
    runs_code: ClassVar[bool] = True
    kind: ClassVar[str]

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__()
        self.data, self.name = data, name
        self.inner: Any = None

    @abstractmethod
    def open(self) -> Any:
        """Open the bytes."""

    def ready(self) -> Any:
        """Open once; refuse a file that cannot be opened, with a plain message."""
        if self.inner is None:
            try:
                self.inner = self.open()
            except MissingExtraError:
                raise
            except Exception as error:
                raise ModelError(
                    f"The file {self.name[:80]!r} could not be opened as {self.kind} ({type(error).__name__}): it is "
                    "damaged or of another format; read weights alone with eow.weights(...)."
                ) from error
        return self.inner

    def forward(self, x: Tensor) -> Any:
        """Run the network."""
        return self.ready()(x)

    def train(self, mode: bool = True) -> Program:
        """Stay in evaluation mode: programs are frozen, and exported ones refuse to change mode."""
        self.training = False
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {"data": self.data, "name": self.name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]
        # Opened on arrival, so that the weights exist when the engine moves the module to a device.
        self.ready()


class ScriptProgram(Program):
    """TorchScript, as written by ``torch.jit.save``."""

    kind = "TorchScript"

    def open(self) -> nn.Module:
        """Open on the CPU; the engine moves it."""
        module: nn.Module = torch.jit.load(io.BytesIO(self.data), map_location="cpu").eval()  # type: ignore[no-untyped-call]
        return module

    def modules(self, remove_duplicate: bool = True) -> Iterator[nn.Module]:
        """Yield only this module: its submodules accept no hooks, and callers use ``modules`` to add hooks."""
        yield self


class ExportedProgram(Program):
    """An exported program, as written by ``torch.export.save``."""

    kind = "an exported program"

    def open(self) -> nn.Module:
        """Open, with its weights as parameters that can be moved."""
        return torch.export.load(io.BytesIO(self.data)).module()


class OnnxProgram(Program):
    """ONNX, run by onnxruntime on the CPU, or on CUDA if onnxruntime was built for it."""

    kind = "ONNX"
    runs_code = False

    def open(self) -> Any:
        """Start a session."""
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingExtraError("Running an ONNX file", "hub") from error
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        # Directory of external tensors: none.
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", "/no-other-files")
        options.intra_op_num_threads = torch.get_num_threads()
        wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
        providers = [p for p in wanted if p in onnxruntime.get_available_providers()]
        return onnxruntime.InferenceSession(self.data, options, providers=providers)

    def forward(self, x: Tensor) -> Any:
        """Run the graph; one window at a time if the graph was exported for one."""
        session = self.ready()
        entry = session.get_inputs()[0]
        fixed = entry.shape[0] if entry.shape and isinstance(entry.shape[0], int) else None
        parts = torch.split(x, fixed) if fixed else (x,)
        kind = "float16" if "float16" in entry.type else "float32"
        found = [session.run(None, {entry.name: p.float().cpu().numpy().astype(kind)}) for p in parts]
        outs = [torch.cat([torch.from_numpy(f[i]) for f in found]).to(x.device) for i in range(len(found[0]))]
        return outs[0] if len(outs) == 1 else tuple(outs)


#: File endings of each format.
ENDINGS: dict[str, type[Program]] = {
    ".onnx": OnnxProgram,
    ".pt2": ExportedProgram,
    ".ts": ScriptProgram,
    ".jit": ScriptProgram,
    ".torchscript": ScriptProgram,
    ".pt": ScriptProgram,
    ".pth": ScriptProgram,
}


def open_program(path: Path, *, trust: bool = False, sha256: str | None = None) -> tuple[Program, str]:
    """Open a network from a file; return it and the file's SHA-256.

    Raises
    ------
    InputError
        For an unknown ending, or a format that can run code without ``trust=True``; the file is then not opened.
    SourceError, ModelError
        If the file is missing, is not the expected one, or is damaged.
    """
    kind = ENDINGS.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"{path.name[:80]!r} has an unknown ending: give a file that ends in {', '.join(ENDINGS)}.")
    if kind.runs_code and not trust:
        raise InputError(
            f"{path.name[:80]!r} is {kind.kind}, which can run code when it is opened: give trust=True if "
            "you trust its source; otherwise use ONNX, or safetensors with the module's source."
        )
    data, digest = read_file(path, sha256)
    program = kind(data, path.name)
    program.ready()
    return program, digest

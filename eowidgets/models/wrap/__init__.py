"""Wrap any network as a model, in one call: a torch module, a TorchScript or exported program, an ONNX file."""

from eowidgets.models.wrap.adapter import wrap

__all__ = ["wrap"]

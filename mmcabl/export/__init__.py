"""Models for other runtimes: ONNX, TorchScript, torch.export."""

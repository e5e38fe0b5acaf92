import torch
from mmengine.device import get_device


def existing_device(name: str) -> torch.device:
    """A device that tensors can be made on; a GPU if there is one for an empty name."""
    try:
        device = torch.device(name or get_device())
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().split('\n')[0].split('. ')[0]
        raise ValueError(f"{name!r} is not a device that can be used here ({reason}); accepted are 'cpu', and 'cuda' "
                         "or 'cuda:<number>' where there is a GPU.") from None
    return device

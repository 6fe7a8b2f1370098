"""The tensor classes of nvidia-modelopt from its unpacked wheel: the rest of the package asks for CUDA and
for what is not on PyPI. load(FOLDER) gives (NVFP4QTensor, MXFP4QTensor)."""
import importlib
import os
import sys
import types


def load(root):
    for name in ("modelopt", "modelopt.torch", "modelopt.torch.quantization", "modelopt.torch.quantization.qtensor"):
        module = types.ModuleType(name)
        module.__path__ = [os.path.join(root, *name.split("."))]
        sys.modules[name] = module
    utils = types.ModuleType("modelopt.torch.quantization.backends.utils")
    utils.fp4_compatible = lambda: False
    sys.modules["modelopt.torch.quantization.backends"] = types.ModuleType("backends")
    sys.modules["modelopt.torch.quantization.backends.utils"] = utils
    blocks = types.ModuleType("modelopt.torch.quantization.utils")
    blocks.__path__ = [os.path.join(root, "modelopt", "torch", "quantization", "utils")]
    blocks.reduce_amax = lambda x: x.abs().max()
    blocks.reduce_block_amax = lambda x, block_sizes: x.view(*x.shape[:-1], -1, block_sizes[-1]).abs().amax(-1)
    blocks.reduce_block_padding = lambda x, block_sizes: x
    blocks.fsdp2_aware_weight_update = blocks.patch_fsdp_mp_dtypes = None
    sys.modules["modelopt.torch.quantization.utils"] = blocks
    folder = "modelopt.torch.quantization.qtensor."
    return (importlib.import_module(folder + "nvfp4_tensor").NVFP4QTensor,
            importlib.import_module(folder + "mxfp4_tensor").MXFP4QTensor)

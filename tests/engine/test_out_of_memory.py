"""Out-of-memory errors, in the words that libraries and systems really use."""

from __future__ import annotations

import ast
import errno
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.data import pictures
from engine.device import memory_guard
from engine.errors import FolderMissing, OutOfMemory
from engine.evaluation import networks
from engine.events import RunCrashed, RunFailed, failure_of
from engine.models import loader
from engine.out_of_memory import is_out_of_memory, lacks_main_memory
from tests.conftest import ROOT
from tests.engine_runs import tiny_run, train

OF_A_DEVICE = [
    torch.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 7.79 GiB "
        "of which 13.12 MiB is free. Process 1234 has 7.77 GiB memory in use."
    ),
    torch.OutOfMemoryError(""),
    RuntimeError(
        "MPS backend out of memory (MPS allocated: 5.05 GB, other allocations: 2.29 GB, max "
        "allowed: 6.77 GB). Tried to allocate 256 bytes on shared pool."
    ),
    RuntimeError("Invalid buffer size: 29.86 GiB"),
    RuntimeError(
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported at some "
        "other API call, so the stacktrace below might be incorrect."
    ),
    RuntimeError("CUDA driver error: out of memory"),
    RuntimeError("cudaErrorMemoryAllocation: out of memory"),
    RuntimeError("CUDA error: cudaErrorMemoryAllocation"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    RuntimeError("cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate`"),
    RuntimeError(
        'NVML_SUCCESS == r INTERNAL ASSERT FAILED at "../c10/cuda/CUDACachingAllocator.cpp":1154, '
        "please report a bug to PyTorch."
    ),
    RuntimeError("HIP out of memory. Tried to allocate 1.50 GiB (GPU 0; 7.98 GiB total capacity)"),
    RuntimeError("HIP error: hipErrorOutOfMemory"),
    RuntimeError("CUDA error: HIPBLAS_STATUS_ALLOC_FAILED when calling `hipblasCreate(handle)`"),
    RuntimeError("rocblas_status_memory_error"),
    RuntimeError("miopenStatusAllocFailed"),
    RuntimeError("XPU out of memory. Tried to allocate 2.00 GiB (GPU 0; 15.56 GiB total capacity)"),
]
OF_THE_COMPUTER = [
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: "
        "you tried to allocate 4000000000000 bytes. Error code 12 (Cannot allocate memory)"
    ),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:80] data. DefaultCPUAllocator: not enough memory: you "
        "tried to allocate 67108864 bytes."
    ),
    RuntimeError(
        "unable to mmap 4265146304 bytes from file <model.ckpt>: Cannot allocate memory (12)"
    ),
    RuntimeError("std::bad_alloc"),
    RuntimeError("bad allocation"),
    RuntimeError("could not create a primitive"),  # oneDNN
    RuntimeError("could not create a memory object"),
    RuntimeError("could not execute a primitive"),
    MemoryError(),
    np._core._exceptions._ArrayMemoryError((2**40,), np.dtype("float32")),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    OSError("The paging file is too small for this operation to complete. (os error 1455)"),
    OSError("out of memory error when reading image file"),  # Pillow
]
OF_OTHER_CAUSES = [
    RuntimeError(
        "could not create a primitive descriptor for the matmul primitive. Run workload with "
        "environment variable ONEDNN_VERBOSE=all to get additional diagnostic information."
    ),
    RuntimeError("CUDA error: device-side assert triggered"),
    RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx`"),
    RuntimeError("CUDA error: no kernel image is available for execution on the device"),
    RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED"),
    RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x4 and 5x4)"),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError("image file is truncated (3 bytes not processed)"),
    ValueError("memory_format must be one of"),
    KeyError("memory"),
    FolderMissing(folder="/pictures/out of memory"),
    KeyboardInterrupt(),
]  # fmt: skip


def real_error_of_the_allocator() -> RuntimeError:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    return caught.value


@pytest.mark.parametrize("error", [*OF_A_DEVICE, *OF_THE_COMPUTER], ids=str)
def test_every_way_of_running_out_of_memory_becomes_one_sentence(error):
    assert is_out_of_memory(error)
    with pytest.raises(OutOfMemory) as caught, memory_guard(torch.device("cpu"), "step 3"):
        raise error
    assert caught.value.sentence.endswith(" for step 3.")
    ended = failure_of(error)
    assert isinstance(ended, RunFailed) and isinstance(ended.error, OutOfMemory)


def test_the_error_that_torch_really_raises_here_is_known():
    assert lacks_main_memory(real_error_of_the_allocator())


@pytest.mark.parametrize("error", OF_OTHER_CAUSES, ids=repr)
def test_other_errors_keep_their_own_words(error):
    assert not is_out_of_memory(error)
    with pytest.raises(type(error)) as caught, memory_guard(torch.device("cpu"), "step 3"):
        raise error
    assert caught.value is error


def test_the_sentence_names_the_memory_that_ran_out(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "GeForce RTX 2060")
    card = torch.device("cuda")
    for errors, named in ((OF_A_DEVICE, "GeForce RTX 2060"), (OF_THE_COMPUTER, "this computer")):
        for error in errors:
            with pytest.raises(OutOfMemory) as caught, memory_guard(card, "step 3"):
                raise error
            assert caught.value.facts["device"] == named


def test_an_error_that_is_no_lack_of_memory_ends_with_its_traceback():
    ended = failure_of(ValueError("a bug"))
    assert isinstance(ended, RunCrashed)
    assert "ValueError: a bug" in ended.traceback


def picture_bytes() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (128, 128)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("error", OF_THE_COMPUTER, ids=str)
def test_a_picture_that_finds_no_memory_is_not_called_damaged(monkeypatch, error):
    def run_out(*_):
        raise error

    monkeypatch.setattr(Image.Image, "convert", run_out)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", run_out)
    with pytest.raises(pictures.PictureError, match="not enough free memory"):
        pictures.decode(picture_bytes())


def test_a_file_too_large_for_memory_is_not_called_damaged(monkeypatch, tmp_path):
    class Full(io.FileIO):
        def read(self, *_):
            raise MemoryError

    path = tmp_path / "picture.png"
    path.write_bytes(picture_bytes())
    monkeypatch.setattr(pictures, "opened", Full)
    with pytest.raises(pictures.PictureError, match="not enough free memory"):
        pictures.read_file(path)


@pytest.mark.parametrize("error", [OF_THE_COMPUTER[0], MemoryError()], ids=str)
def test_a_model_that_finds_no_memory_is_not_called_damaged(monkeypatch, tiny_folder, error):
    def run_out(*_):
        raise error

    monkeypatch.setattr(loader, "_load", run_out)
    with pytest.raises(OutOfMemory, match="this computer for loading the model"):
        loader.load_model(str(tiny_folder), torch.float32)


def test_a_network_that_finds_no_memory_is_not_called_unreadable(monkeypatch, tmp_path):
    def run_out(folder: Path):
        raise OF_THE_COMPUTER[0]

    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    monkeypatch.setattr(networks, "Clip", run_out)
    with pytest.raises(RuntimeError) as caught:
        networks.load_network(tmp_path)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    "place", ["engine.checkpoint.save", "engine.export.export_all", "engine.run.write_record"]
)
def test_memory_that_runs_out_while_saving_ends_the_run_with_a_sentence(
    tiny_folder, pictures_folder, tmp_path, monkeypatch, place
):
    def run_out(*_, **__):
        raise MemoryError

    monkeypatch.setattr(place, run_out)
    monkeypatch.setattr("engine.run.export_all", run_out)
    failed = train(tiny_run(tiny_folder, pictures_folder, tmp_path)).last
    assert isinstance(failed, RunFailed) and isinstance(failed.error, OutOfMemory)


# Handlers that catch what running out of memory raises, and need not tell it apart.
ALLOWED = {
    "engine/storage/files.py": "Path.home() raises RuntimeError",
    "engine/front_end_folders.py": "Path.home() and resolve() raise RuntimeError",
    "engine/models/catalog.py": "Path.home() and resolve() raise RuntimeError",
    "engine/gpu_figures.py": "figures of a card that may be gone",
    "engine/tagged.py": "Path.home() raises RuntimeError",
    "engine/formats/lora_layers.py": "on the meta device, which takes no memory",
    "engine/patience.py": "raised again where it is read",
    "engine/captioner.py": "inside memory_guard",
}


def test_no_handler_of_the_engine_takes_a_lack_of_memory_for_something_else():
    suspects = {"Exception", "BaseException", "RuntimeError"}
    found = set()
    for path in sorted((ROOT / "engine").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ExceptHandler):
                continue
            names = {
                n.id
                for n in ast.walk(node.type or ast.Name("Exception"))
                if isinstance(n, ast.Name)
            }
            body = ast.unparse(node)
            tells = "out_of_memory" in body or "failure_of" in body or "raise\n" in body + "\n"
            if names & suspects and not tells:
                found.add(path.relative_to(ROOT).as_posix())
    assert found <= set(ALLOWED)

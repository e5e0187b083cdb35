"""How weights move: plain, in half precision and inside the backward pass; exact after a resume."""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
import safetensors.torch
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from engine import checkpoint
from engine.config import OptimizerSettings
from engine.errors import OptimizerChanged, OptimizerUnfit
from engine.methods.base import ParameterGroup
from engine.schedules import rate_factor
from engine.stepping import Stepper
from tests.conftest import ROOT
from tests.small_net import (
    BF16,
    FP32,
    NUM_STEPS,
    ON_CPU,
    Net,
    groups_of,
    moved,
    require_equal,
    stepper_of,
    take,
    weights_of,
)
from tests.timing import PATIENCE


@pytest.fixture(scope="module")
def accelerator() -> Accelerator:
    return Accelerator(cpu=True)


# Plain steps


@pytest.mark.parametrize("max_grad_norm", [0, 0.1])
def test_a_plain_step_is_torchs_adamw_over_both_groups_bit_for_bit(accelerator, max_grad_norm):
    net, reference = Net(), Net()
    settings = OptimizerSettings(max_grad_norm=max_grad_norm, schedule="cosine", warmup=0.2)
    stepper = Stepper(groups_of(net), settings, accelerator, num_steps=NUM_STEPS)
    tables = [{"params": g.parameters, "lr": g.learning_rate} for g in groups_of(reference)]
    optimizer = torch.optim.AdamW(tables, betas=(0.9, 0.999), weight_decay=0.01, fused=True)
    for step in range(1, NUM_STEPS + 1):
        factor = rate_factor(step, NUM_STEPS, settings)
        for table, peak in zip(optimizer.param_groups, (1e-2, 3e-3), strict=True):
            table["lr"] = peak * factor
        reference.loss(step).backward()
        if max_grad_norm:
            nn.utils.clip_grad_norm_(reference.parameters(), max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()
        assert stepper.begin(step) == 1e-2 * factor
        stepper.backward(net.loss(step))
        stepper.end()
        require_equal(net, reference)


def test_gradients_of_several_batches_add_up_to_one_step(accelerator):
    net, reference = Net(), Net()
    take(stepper_of(net, accelerator), net, 1, micro=2)
    other = stepper_of(reference, accelerator)
    other.begin(1)
    other.backward((reference.loss(1) + reference.loss(101)) / 2)
    other.end()
    for name, tensor in net.state_dict().items():
        assert torch.allclose(tensor, reference.state_dict()[name], atol=1e-5), name


@pytest.mark.parametrize("fused", [False, True])
def test_a_group_stands_still_after_its_share_of_the_run(accelerator, fused):
    net = Net()
    stepper = stepper_of(net, accelerator, until=0.5, fused_backward=fused)
    take(stepper, net, 1, 2, 3)
    before = weights_of(net)
    take(stepper, net, 4)
    assert moved(net, before) == {"conv.weight", "conv.bias", "norm.weight", "norm.bias"}
    assert not net.linear.weight.requires_grad
    take(stepper, net, 3)  # a run that goes back to an earlier step lets it learn again
    assert net.linear.weight.requires_grad


def test_a_run_in_which_nothing_learns_any_more_goes_on(accelerator):
    net = Net()
    groups = [ParameterGroup("all", list(net.parameters()), 1e-3, until=0.5)]
    stepper = Stepper(groups, OptimizerSettings(), accelerator, num_steps=4)
    take(stepper, net, 1, 2)
    before = weights_of(net)
    take(stepper, net, 3, 4)
    assert not moved(net, before)


def test_a_parameter_may_not_be_in_two_groups(accelerator):
    net = Net()
    group = ParameterGroup("all", list(net.parameters()), 1e-3)
    with pytest.raises(ValueError, match="two groups"):
        Stepper([group, group], OptimizerSettings(), accelerator, num_steps=4)


# Resume


def written_and_read(stepper: Stepper) -> dict:
    """The state on its way through the files of a checkpoint."""
    tensors, plain = checkpoint._split_optimizer(stepper.state_dict())
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    tensors = safetensors.torch.load(safetensors.torch.save(tensors))
    return checkpoint._join_optimizer(tensors, json.loads(json.dumps(plain)))


@pytest.mark.parametrize("dtype", [FP32, BF16])
@pytest.mark.parametrize(
    "name, fused",
    [(name, False) for name in ON_CPU] + [(name, True) for name in ON_CPU if name != "prodigy"],
)
def test_three_steps_and_three_after_a_checkpoint_are_six_steps(accelerator, name, fused, dtype):
    settings = {"name": name, "fused_backward": fused, "schedule": "linear"}
    unbroken, broken, resumed = Net(dtype), Net(dtype), Net(dtype)
    take(stepper_of(unbroken, accelerator, **settings), unbroken, *range(1, 7))
    stepper = stepper_of(broken, accelerator, **settings)
    take(stepper, broken, 1, 2, 3)
    state = written_and_read(stepper)
    resumed.load_state_dict(broken.state_dict())
    again = stepper_of(resumed, accelerator, **settings)
    again.load_state_dict(state)
    torch.manual_seed(12345)  # the global generator is not what a resume hangs on
    take(again, resumed, 4, 5, 6)
    require_equal(resumed, unbroken)


@pytest.mark.parametrize("name", sorted(set(ON_CPU) - {"prodigy"}))
def test_a_run_may_go_on_inside_the_backward_pass_and_back(accelerator, name):
    unbroken, resumed = Net(), Net()
    plain = {"name": name, "max_grad_norm": 0}
    take(stepper_of(unbroken, accelerator, **plain), unbroken, *range(1, 7))
    state = None
    for fused, steps in ((False, (1, 2)), (True, (3, 4)), (False, (5, 6))):
        stepper = stepper_of(resumed, accelerator, **plain, fused_backward=fused)
        if state is not None:
            stepper.load_state_dict(state)
        take(stepper, resumed, *steps)
        stepper.close()
        state = written_and_read(stepper)
    for name_of, tensor in resumed.state_dict().items():
        # Batched kernels round otherwise than single ones; forgetting the state would show.
        assert torch.allclose(tensor, unbroken.state_dict()[name_of], rtol=0, atol=1e-6), name_of


def test_the_state_of_the_first_version_is_understood(accelerator):
    net, reference = Net(), Net()
    tables = [{"params": g.parameters, "lr": g.learning_rate, "peak": 1} for g in groups_of(net)]
    old = torch.optim.AdamW(tables, betas=(0.9, 0.999), weight_decay=0.01, fused=True)
    net.loss(1).backward()
    old.step()
    old.zero_grad()
    stepper = stepper_of(net, accelerator)
    stepper.load_state_dict(old.state_dict())
    assert stepper.state_dict()["state"].keys() == old.state_dict()["state"].keys()
    other = stepper_of(reference, accelerator)
    reference.load_state_dict(net.state_dict())
    take(other, reference, 2)
    take(stepper, net, 2)
    assert not torch.equal(net.linear.weight, reference.linear.weight)  # it had a past
    assert stepper.state_dict()["state"][0]["step"] == 2


def test_the_state_of_another_shape_or_optimizer_is_refused(accelerator):
    net = Net()
    stepper = stepper_of(net, accelerator)
    other = Stepper(groups_of(net)[:1], OptimizerSettings(), accelerator, num_steps=4)
    with pytest.raises(KeyError):
        other.load_state_dict(stepper.state_dict())
    lion = stepper_of(net, accelerator, name="lion")
    with pytest.raises(OptimizerChanged, match="adamw"):
        lion.load_state_dict(stepper.state_dict())


def test_a_state_is_laid_out_in_memory_as_its_weight_is(accelerator):
    unbroken = Net().to(memory_format=torch.channels_last)
    resumed = Net().to(memory_format=torch.channels_last)
    take(stepper_of(unbroken, accelerator), unbroken, 1, 2, 3, 4)
    stepper = stepper_of(resumed, accelerator)
    take(stepper, resumed, 1, 2)
    state = written_and_read(stepper)
    again = stepper_of(resumed, accelerator)
    again.load_state_dict(state)
    take(again, resumed, 3, 4)
    require_equal(resumed, unbroken)


# Inside the backward pass


@pytest.mark.parametrize("dtype", [FP32, BF16])
def test_a_fused_step_moves_the_weights_as_a_plain_one_bit_for_bit(accelerator, dtype):
    plain, fused = Net(dtype), Net(dtype)
    take(stepper_of(plain, accelerator, max_grad_norm=0), plain, *range(1, 7))
    settings = {"max_grad_norm": 0, "fused_backward": True}
    take(stepper_of(fused, accelerator, **settings), fused, *range(1, 7))
    require_equal(fused, plain)


def test_at_most_one_gradient_is_alive_inside_a_fused_backward_pass(accelerator):
    alive: dict[bool, int] = {}
    for fused in (False, True):
        net = Net()
        most = 0

        def count(_: Tensor, net: Net = net) -> None:
            nonlocal most
            most = max(most, sum(p.grad is not None for p in net.parameters()))

        for parameter in net.parameters():  # before the stepper's own: sees each gradient come
            parameter.register_post_accumulate_grad_hook(count)
        take(stepper_of(net, accelerator, fused_backward=fused), net, 1)
        assert all(parameter.grad is None for parameter in net.parameters())
        alive[fused] = most
    assert alive == {False: 8, True: 1}


def test_a_fused_step_clips_each_weight_by_its_own_gradient(accelerator):
    net = Net()
    before = weights_of(net)
    net.loss(1).backward()
    wanted = {}
    for name, parameter in net.named_parameters():
        nn.utils.clip_grad_norm_([parameter], 0.01)
        wanted[name] = parameter.grad.clone()
        parameter.grad = None
    stepper = stepper_of(net, accelerator, fused_backward=True, max_grad_norm=0.01, warmup=0)
    take(stepper, net, 1)
    names = [name for group in groups_of(net) for p in group.parameters
             for name, q in net.named_parameters() if q is p]  # fmt: skip
    for index, name in enumerate(names):
        first_moment = stepper.state_dict()["state"][index]["exp_avg"]
        assert torch.allclose(first_moment, 0.1 * wanted[name]), name
    assert moved(net, before) == set(names)


def test_a_backward_pass_that_is_not_the_steppers_moves_nothing(accelerator):
    net = Net()
    stepper = stepper_of(net, accelerator, fused_backward=True)
    take(stepper, net, 1)
    before = weights_of(net)
    net.loss(2).backward()
    assert not moved(net, before)
    assert net.linear.weight.grad is not None


def test_parameters_that_outlive_a_run_are_let_go(accelerator):
    net = Net()
    first = stepper_of(net, accelerator, fused_backward=True)
    gone = weakref.ref(first)
    first.close()
    assert not net.linear.weight._post_accumulate_grad_hooks
    del first
    gc.collect()
    assert gone() is None


def test_prodigy_is_refused_inside_the_backward_pass(accelerator):
    with pytest.raises(OptimizerUnfit, match="all weights at once"):
        stepper_of(Net(), accelerator, name="prodigy", fused_backward=True)


# Two processes

WAYS = [(FP32, False), (FP32, True), (BF16, False), (BF16, True)]


def partial_loss(net: Net, rank: int) -> torch.Tensor:
    """The second process has no use for most of the weights, so they have no gradient there."""
    return net.loss(1) if rank == 0 else net.linear.bias.square().sum()


def train_as_one_of_two(folder: Path) -> None:
    """Two steps in each way, each process on its own pictures; then one with a loss of its own."""
    accelerator = Accelerator(cpu=True)
    rank = accelerator.process_index
    ends = {}
    for number, (dtype, fused) in enumerate(WAYS):
        net = Net(dtype)
        stepper = stepper_of(net, accelerator, fused_backward=fused, max_grad_norm=0)
        for step in (1, 2):
            stepper.begin(step)
            stepper.backward(net.loss(100 * rank + step))
            stepper.end()
        ends |= {f"{number}.{name}": tensor for name, tensor in net.state_dict().items()}
    net = Net()
    stepper = stepper_of(net, accelerator, max_grad_norm=0)
    stepper.begin(1)
    stepper.backward(partial_loss(net, rank))
    stepper.end()
    ends |= {f"partial.{name}": tensor for name, tensor in net.state_dict().items()}
    safetensors.torch.save_file(ends, folder / f"rank{rank}.safetensors")
    torch.distributed.destroy_process_group()


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory) -> list[dict[str, torch.Tensor]]:
    """What each of the two ends with."""
    folder = tmp_path_factory.mktemp("two")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "WORLD_SIZE": "2",
              "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "PYTHONPATH": str(ROOT)}  # fmt: skip
    ranks = [
        subprocess.Popen(
            [sys.executable, __file__, str(folder)],
            env=os.environ | common | {"RANK": rank, "LOCAL_RANK": rank},
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    ]
    for process in ranks:
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
    return [safetensors.torch.load_file(folder / f"rank{rank}.safetensors") for rank in "01"]


@pytest.mark.slow
def test_two_processes_move_as_one_however_they_step(accelerator, two_processes):
    first, second = two_processes
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name
    net = Net()
    stepper = stepper_of(net, accelerator, max_grad_norm=0)
    for step in (1, 2):
        stepper.begin(step)
        stepper.backward((net.loss(step) + net.loss(100 + step)) / 2)
        stepper.end()
    for name, tensor in net.state_dict().items():
        for number in (0, 1):
            assert torch.allclose(first[f"{number}.{name}"], tensor, atol=1e-4), name


@pytest.mark.slow
def test_weights_without_a_gradient_in_one_process_move_by_the_gradient_of_the_other(
    accelerator, two_processes
):
    """All processes must send the same message, or they wait for each other for ever."""
    first, second = two_processes
    net = Net()
    stepper = stepper_of(net, accelerator, max_grad_norm=0)
    stepper.begin(1)
    stepper.backward((partial_loss(net, 0) + partial_loss(net, 1)) / 2)
    stepper.end()
    for name, tensor in net.state_dict().items():
        assert torch.equal(first[f"partial.{name}"], second[f"partial.{name}"]), name
        assert torch.allclose(first[f"partial.{name}"], tensor, atol=1e-4), name


# What samples and exports see


@pytest.mark.parametrize("dtype", [FP32, BF16])
def test_schedule_free_shows_its_average_and_trains_on_as_if_nobody_had_looked(accelerator, dtype):
    looked, unseen = Net(dtype), Net(dtype)
    one = stepper_of(looked, accelerator, name="schedulefree_adamw")
    other = stepper_of(unseen, accelerator, name="schedulefree_adamw")
    for steps in ((1, 2, 3), (4, 5)):
        take(one, looked, *steps)
        take(other, unseen, *steps)
        with one.evaluation():
            for index, weight in enumerate(one.parameters):
                # y = beta x + (1 - beta) z (Defazio et al. 2024)
                y, z = other.parameters[index].float(), one.state_dict()["state"][index]["z"]
                average = (y - (1 - 0.9) * z) / 0.9
                assert torch.allclose(
                    weight.float(), average, atol=1e-6, rtol=torch.finfo(dtype).eps
                )
            assert not torch.equal(looked.linear.weight, unseen.linear.weight)
        require_equal(looked, unseen)


def test_other_optimizers_show_the_weights_themselves(accelerator):
    net = Net()
    stepper = stepper_of(net, accelerator)
    take(stepper, net, 1)
    before = weights_of(net)
    with stepper.evaluation():
        assert not moved(net, before)


if __name__ == "__main__":
    train_as_one_of_two(Path(sys.argv[1]))

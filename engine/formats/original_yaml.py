"""The yaml that stands beside a checkpoint whose prediction type its tensors do not tell.

AUTOMATIC1111 builds the model from it; Forge and others read the parameterization alone. Only
models that predict v need one.
"""

from __future__ import annotations

from pathlib import Path

from engine.formats.metadata import ExportFacts
from engine.regular_files import read_text

# The structures that AUTOMATIC1111 builds `LatentDiffusion` and `DiffusionEngine` from; the
# values are those of the published models.
_LATENT_DIFFUSION = """\
model:
  base_learning_rate: 1.0e-4
  target: ldm.models.diffusion.ddpm.LatentDiffusion
  params:
    parameterization: "v"
    linear_start: 0.00085
    linear_end: 0.0120
    timesteps: 1000
    num_timesteps_cond: 1
    first_stage_key: "jpg"
    cond_stage_key: "txt"
    image_size: 64
    channels: 4
    cond_stage_trainable: false
    conditioning_key: crossattn
    monitor: val/loss_simple_ema
    scale_factor: 0.18215
    use_ema: False
    unet_config:
      target: ldm.modules.diffusionmodules.openaimodel.UNetModel
      params:
        use_checkpoint: True
        use_fp16: True
        image_size: 32
        in_channels: 4
        out_channels: 4
        model_channels: 320
        attention_resolutions: [4, 2, 1]
        num_res_blocks: 2
        channel_mult: [1, 2, 4, 4]
        {heads}
        use_spatial_transformer: True
        use_linear_in_transformer: {linear}
        transformer_depth: 1
        context_dim: {context}
        legacy: False
    first_stage_config:
      target: ldm.models.autoencoder.AutoencoderKL
      params:
        embed_dim: 4
        monitor: val/rec_loss
        ddconfig:
          double_z: true
          z_channels: 4
          resolution: 256
          in_channels: 3
          out_ch: 3
          ch: 128
          ch_mult: [1, 2, 4, 4]
          num_res_blocks: 2
          attn_resolutions: []
          dropout: 0.0
        lossconfig:
          target: torch.nn.Identity
    cond_stage_config:
      target: ldm.modules.encoders.modules.{encoder}
"""
_PENULTIMATE = """
      params:
        freeze: True
        layer: "penultimate\""""
_SD1 = {
    "heads": "num_heads: 8",
    "linear": "False",
    "context": "768",
    "encoder": "FrozenCLIPEmbedder",
}
_SD2 = {
    "heads": "num_head_channels: 64",
    "linear": "True",
    "context": "1024",
    "encoder": f"FrozenOpenCLIPEmbedder{_PENULTIMATE}",
}
_DIFFUSION_ENGINE = """\
model:
  target: sgm.models.diffusion.DiffusionEngine
  params:
    scale_factor: 0.13025
    disable_first_stage_autocast: True
    denoiser_config:
      target: sgm.modules.diffusionmodules.denoiser.DiscreteDenoiser
      params:
        num_idx: 1000
        weighting_config:
          target: sgm.modules.diffusionmodules.denoiser_weighting.VWeighting
        scaling_config:
          target: sgm.modules.diffusionmodules.denoiser_scaling.VScaling
        discretization_config:
          target: sgm.modules.diffusionmodules.discretizer.LegacyDDPMDiscretization
    network_config:
      target: sgm.modules.diffusionmodules.openaimodel.UNetModel
      params:
        adm_in_channels: 2816
        num_classes: sequential
        use_checkpoint: True
        in_channels: 4
        out_channels: 4
        model_channels: 320
        attention_resolutions: [4, 2]
        num_res_blocks: 2
        channel_mult: [1, 2, 4]
        num_head_channels: 64
        use_spatial_transformer: True
        use_linear_in_transformer: True
        transformer_depth: [1, 2, 10]
        context_dim: 2048
        spatial_transformer_attn_type: softmax-xformers
        legacy: False
    conditioner_config:
      target: sgm.modules.GeneralConditioner
      params:
        emb_models:
          - is_trainable: False
            input_key: txt
            target: sgm.modules.encoders.modules.FrozenCLIPEmbedder
            params:
              layer: hidden
              layer_idx: 11
          - is_trainable: False
            input_key: txt
            target: sgm.modules.encoders.modules.FrozenOpenCLIPEmbedder2
            params:
              arch: ViT-bigG-14
              version: laion2b_s39b_b160k
              freeze: True
              layer: penultimate
              always_return_pooled: True
              legacy: False
          - is_trainable: False
            input_key: original_size_as_tuple
            target: sgm.modules.encoders.modules.ConcatTimestepEmbedderND
            params:
              outdim: 256
          - is_trainable: False
            input_key: crop_coords_top_left
            target: sgm.modules.encoders.modules.ConcatTimestepEmbedderND
            params:
              outdim: 256
          - is_trainable: False
            input_key: target_size_as_tuple
            target: sgm.modules.encoders.modules.ConcatTimestepEmbedderND
            params:
              outdim: 256
    first_stage_config:
      target: sgm.models.autoencoder.AutoencoderKLInferenceWrapper
      params:
        embed_dim: 4
        monitor: val/rec_loss
        ddconfig:
          attn_type: vanilla-xformers
          double_z: true
          z_channels: 4
          resolution: 256
          in_channels: 3
          out_ch: 3
          ch: 128
          ch_mult: [1, 2, 4, 4]
          num_res_blocks: 2
          attn_resolutions: []
          dropout: 0.0
        lossconfig:
          target: torch.nn.Identity
"""


def yaml_for(facts: ExportFacts) -> str | None:
    """None where the model predicts noise."""
    if not facts.is_v:
        return None
    return _by_width()[facts.source.family.context_width]


def is_our_yaml(path: Path) -> bool:
    """Whether an older export left this file: it is to the letter one that `yaml_for` gives."""
    try:
        return read_text(path) in _by_width().values()
    except (OSError, UnicodeDecodeError):
        return False


def _by_width() -> dict[int, str]:
    """By the width of what the UNet's cross-attention reads."""
    return {
        768: _LATENT_DIFFUSION.format(**_SD1),
        1024: _LATENT_DIFFUSION.format(**_SD2),
        2048: _DIFFUSION_ENGINE,
    }

"""Image-to-text models of the real kinds, random weights, as folders that transformers wrote."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    GitConfig,
    GitForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
    ViTConfig,
)
from transformers.models.auto.configuration_auto import AutoConfig

WORDS = ("a", "photo", "of", "cat", "dog", "red", "sofa", "on", "the", "sitting", ".", ",")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "[ENC]")
SIDE = 16
_VISION = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": SIDE,
    "patch_size": 8,
}
_TEXT = {
    "hidden_size": 16,
    "encoder_hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "vocab_size": len(SPECIAL) + len(WORDS),
    "max_position_embeddings": 64,
    "bos_token_id": 2,
    "eos_token_id": 3,
    "sep_token_id": 3,
    "pad_token_id": 0,
}


def build_caption_model(folder: Path, kind: str = "blip") -> Path:
    """`kind`: one of engine.caption_models.KINDS."""
    torch.manual_seed(0)
    network = {"blip": _blip, "git": _git, "vision-encoder-decoder": _vit}[kind]()
    network.save_pretrained(folder)
    processors = {"blip": "Blip", "git": "CLIP", "vision-encoder-decoder": "ViT"}
    settings = {
        "image_processor_type": f"{processors[kind]}ImageProcessor",
        "size": {"shortest_edge": SIDE} if kind == "git" else {"height": SIDE, "width": SIDE},
        "crop_size": {"height": SIDE, "width": SIDE},
        "do_resize": True,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), "utf-8")
    _tokenizer(folder).save_pretrained(folder)
    return folder


def _tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join((*SPECIAL, *WORDS)), "utf-8")
    return BertTokenizer(vocab=str(vocabulary))


def _blip() -> PreTrainedModel:
    config = BlipConfig(vision_config=_VISION, text_config=_TEXT, projection_dim=16)
    return BlipForConditionalGeneration(config)


def _git() -> PreTrainedModel:
    return GitForCausalLM(GitConfig(vision_config=_VISION, **_TEXT))


def _vit() -> PreTrainedModel:
    decoder = AutoConfig.for_model(
        "gpt2", vocab_size=_TEXT["vocab_size"], n_embd=16, n_layer=1, n_head=2, n_positions=64,
        bos_token_id=2, eos_token_id=3, pad_token_id=0,
    )  # fmt: skip
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(ViTConfig(**_VISION), decoder)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 2, 0, 3
    network = VisionEncoderDecoderModel(config=config)
    network.generation_config.decoder_start_token_id = 2
    network.generation_config.pad_token_id = 0
    network.generation_config.eos_token_id = 3
    return network

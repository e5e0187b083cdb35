"""How the choices of a setting are shown; settings, flags and files keep the short ids."""

from __future__ import annotations

from engine.wording import QT_TRANSLATE_NOOP

# By dotted key and id where a choice means something else there, else by id alone.
_NAMES = {
    "auto": QT_TRANSLATE_NOOP("engine", "Automatic"),
    "on": QT_TRANSLATE_NOOP("engine", "On"),
    "off": QT_TRANSLATE_NOOP("engine", "Off"),
    "none": QT_TRANSLATE_NOOP("engine", "None"),
    "epsilon": QT_TRANSLATE_NOOP("engine", "Noise (epsilon)"),
    "v_prediction": QT_TRANSLATE_NOOP("engine", "Velocity (v-prediction)"),
    "chunks": QT_TRANSLATE_NOOP("engine", "75-token chunks"),
    "cut": QT_TRANSLATE_NOOP("engine", "Cut"),
    "alpha": QT_TRANSLATE_NOOP("engine", "From the alpha channel"),
    "file": QT_TRANSLATE_NOOP("engine", "From mask files"),
    "adamw": "AdamW",
    "adamw_8bit": QT_TRANSLATE_NOOP("engine", "AdamW, 8 bit"),
    "prodigy": "Prodigy",
    "lion": "Lion",
    "adafactor": "Adafactor",
    "came": "CAME",
    "schedulefree_adamw": QT_TRANSLATE_NOOP("engine", "AdamW, schedule-free"),
    "constant": QT_TRANSLATE_NOOP("engine", "Constant"),
    "linear": QT_TRANSLATE_NOOP("engine", "Linear"),
    "cosine": QT_TRANSLATE_NOOP("engine", "Cosine"),
    "cosine_restarts": QT_TRANSLATE_NOOP("engine", "Cosine with restarts"),
    "polynomial": QT_TRANSLATE_NOOP("engine", "Polynomial"),
    "rex": "REX",
    "fp32": "fp32",
    "bf16": "bf16",
    "fp16": "fp16",
    "cpu": QT_TRANSLATE_NOOP("engine", "Processor (CPU)"),
    "cuda": QT_TRANSLATE_NOOP("engine", "Graphics card (CUDA)"),
    "mps": QT_TRANSLATE_NOOP("engine", "Apple graphics (MPS)"),
    "mse": QT_TRANSLATE_NOOP("engine", "Squared error (MSE)"),
    "huber": "Huber",
    "exponential": QT_TRANSLATE_NOOP("engine", "Exponential"),
    "snr": QT_TRANSLATE_NOOP("engine", "By SNR"),
    "min_snr": "Min-SNR",
    "debiased": QT_TRANSLATE_NOOP("engine", "Debiased estimation"),
    "lora": "LoRA",
    "dora": "DoRA",
    "loha": "LoHa",
    "lokr": "LoKr",
    "oft": "OFT",
    "method.activation linear": QT_TRANSLATE_NOOP("engine", "None (linear)"),
    "relu": "ReLU",
    "leakyrelu": "Leaky ReLU",
    "elu": "ELU",
    "swish": "Swish",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "softsign": "Softsign",
    "mish": "Mish",
    "Zero": QT_TRANSLATE_NOOP("engine", "Zero"),
    "Normal": QT_TRANSLATE_NOOP("engine", "Normal"),
    "XavierUniform": QT_TRANSLATE_NOOP("engine", "Xavier, uniform"),
    "XavierNormal": QT_TRANSLATE_NOOP("engine", "Xavier, normal"),
    "KaimingUniform": QT_TRANSLATE_NOOP("engine", "Kaiming, uniform"),
    "KaimingNormal": QT_TRANSLATE_NOOP("engine", "Kaiming, normal"),
}


def choice_name(key: str, choice: object) -> str:
    """The name of a choice, in English; the id itself where it has none."""
    return _NAMES.get(f"{key} {choice}", _NAMES.get(str(choice), str(choice)))


def has_name(choice: str) -> bool:
    return choice in _NAMES

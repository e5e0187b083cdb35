"""Settings files of other training programs, recognized by the names of their settings.

The text is looked at, not the data: files that a parser refuses (single backslashes in TOML,
YAML) are recognized, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.wording import QT_TRANSLATE_NOOP

# "name": in JSON, name = in TOML, name: and - name: in YAML; [name] and [[name]] in TOML.
_KEY = re.compile(
    r"""^[ \t{,-]*+(?:["']([\w-]++)["']|([\w-]++))\s*+[:=]|["']([\w-]++)["']\s*+:""", re.M
)
_TABLE = re.compile(r"^[ \t]*+\[\[?([\w.-]++)\]", re.M)
_TRAINER = re.compile(
    r"^[ \t]*+-?[ \t]*+type:[ \t]*+['\"]?(?:sd_trainer|ui_trainer|diffusion_trainer)", re.M
)
_MOST = 1 << 20  # characters that are looked at


@dataclass(frozen=True, slots=True)
class _Form:
    """A file is one of a program's if it has so many of these names."""

    program: str
    names: frozenset[str]
    least: int = 2


# The first that fits is taken: programs that wrap sd-scripts come before it.
_FORMS = (
    _Form(
        QT_TRANSLATE_NOOP("engine", "a settings file of OneTrainer"),
        frozenset(
            "training_method base_model_name output_model_destination concept_file_name concepts "
            "workspace_dir learning_rate_scheduler output_dtype train_dtype weight_dtype "
            "lora_rank lora_alpha additional_embeddings dataloader_threads "
            "prior_embeddings unet_learning_rate sample_definition_file_name "
            "masked_training unmasked_probability training_epochs layer_filter __version".split()
        ),
        3,
    ),
    _Form(
        QT_TRANSLATE_NOOP("engine", "a list of concepts of OneTrainer"),
        frozenset(
            "prompt_source enable_crop_jitter enable_random_flip prompt_path "
            "include_subdirectories text_variations image_variations balancing_strategy".split()
        ),
        3,
    ),
    _Form(
        QT_TRANSLATE_NOOP("engine", "a settings file of ai-toolkit"),
        frozenset(
            "job process sd_trainer training_folder folder_path caption_ext "
            "caption_dropout_rate cache_latents_to_disk shuffle_tokens name_or_path "
            "gradient_accumulation_steps noise_scheduler network linear linear_alpha "
            "max_step_saves_to_keep performance_log_every sample_every".split()
        ),
        4,
    ),
    _Form(
        QT_TRANSLATE_NOOP("engine", "a settings file of SimpleTuner"),
        frozenset(
            "--model_type --model_family --data_backend_config --lora_rank --resolution "
            "--pretrained_model_name_or_path --train_batch_size data_backend_config model_family "
            "instance_data_dir cache_dir_vae caption_strategy minimum_image_size text_embeds "
            "resolution_type".split()
        ),
        2,
    ),
    _Form(
        QT_TRANSLATE_NOOP("engine", "a settings file of invoke-training"),
        frozenset("base_output_dir data_loader max_train_epochs base_embeddings lora_rank_dim "
                  "num_vectors placeholder_token save_every_n_epochs unet_learning_rate".split()),
        3,
    ),
    _Form(
        QT_TRANSLATE_NOOP("engine", "a settings file of EveryDream"),
        frozenset("resume_ckpt data_root disable_textenc_training lr_decay_steps sample_steps "
                  "save_every_n_epochs ckpt_every_n_minutes rated_dataset".split()),
        3,
    ),
    _Form(
        QT_TRANSLATE_NOOP(
            "engine", "a settings file of textual inversion or of a hypernetwork in AUTOMATIC1111"
        ),
        frozenset(
            "num_of_dataset_images num_vectors_per_token embedding_name hypernetwork_name "
            "learn_rate gradient_step log_directory training_width training_height clip_grad_mode "
            "clip_grad_value latent_sampling_method create_image_every save_embedding_every "
            "save_hypernetwork_every template_file initial_step layer_structure".split()
        ),
        3,
    ),
    _Form(
        QT_TRANSLATE_NOOP("engine", "a settings file of a training script of diffusers"),
        frozenset(
            "pretrained_model_name_or_path instance_data_dir instance_prompt class_data_dir "
            "class_prompt with_prior_preservation num_class_images num_validation_images "
            "validation_prompt validation_epochs checkpointing_steps checkpoints_total_limit "
            "placeholder_token initializer_token learnable_property dataset_name image_column "
            "caption_column scale_lr center_crop allow_tf32 report_to".split()
        ),
    ),
    _Form(
        QT_TRANSLATE_NOOP("engine", "a settings file of kohya's trainer (sd-scripts, kohya_ss)"),
        frozenset(
            "network_dim network_alpha network_module network_args network_dropout "
            "max_train_epochs max_train_steps train_batch_size train_data_dir reg_data_dir unet_lr "
            "text_encoder_lr pretrained_model_name_or_path enable_bucket min_bucket_reso "
            "max_bucket_reso "
            "bucket_reso_steps bucket_no_upscale caption_extension save_every_n_epochs "
            "save_every_n_steps lr_scheduler lr_scheduler_num_cycles lr_warmup_steps "
            "optimizer_type max_token_length shuffle_caption keep_tokens save_model_as "
            "sample_every_n_epochs "
            "prior_loss_weight cache_latents cache_latents_to_disk image_dir num_repeats "
            "class_tokens LoRA_type LyCORIS_preset logging_dir output_name output_dir xformers "
            "flip_aug color_aug random_crop datasets.subsets mixed_precision save_precision "
            "max_data_loader_n_workers additional_parameters metadata_file sample_prompts".split()
        ),
    ),
    _Form(
        QT_TRANSLATE_NOOP("engine", "a workflow of ComfyUI"),
        frozenset("last_node_id last_link_id class_type widgets_values".split()),
        1,
    ),
    _Form(
        QT_TRANSLATE_NOOP("engine", "a settings file of accelerate"),
        frozenset("compute_environment distributed_type machine_rank num_machines".split()),
    ),
)  # fmt: skip
_OURS = frozenset(
    "schema_version imprint_preset base_model evaluation sampling checkpoints".split()
)


def program_of(text: str) -> str:
    """What the file is, "a settings file of ..."; empty where it is ours or not known."""
    text = text[:_MOST]
    names = {name for groups in _KEY.findall(text) for name in groups if name}
    names |= set(_TABLE.findall(text))
    if names & _OURS:
        return ""
    if _TRAINER.search(text):
        names |= {"sd_trainer", "process"}
    return next((form.program for form in _FORMS if len(names & form.names) >= form.least), "")

"""What make_goldens.py makes a tiny checkpoint of: a configuration for every feature of every family."""
LLAMA3_ROPE = {"factor": 8.0, "low_freq_factor": 0.5, "high_freq_factor": 2.0, "original_max_position_embeddings": 16}
YARN = {"factor": 4.0, "original_max_position_embeddings": 16}
YARN_OWN = {"mscale": 3.0, "mscale_all_dim": 0.5, "beta_fast": 1.5, "beta_slow": 0.4, "truncate": False}
LONGROPE = {"short_factor": [1.0, 1.5, 2.0, 2.5], "long_factor": [1.0, 2.0, 4.0, 8.0], "factor": 4.0,
            "original_max_position_embeddings": 16}
GROWING = {"factor": 4.0, "original_max_position_embeddings": 8, "mscale": 1.0, "mscale_all_dim": 1.0,
           "beta_fast": 32.0, "beta_slow": 1.0, "llama_4_scaling_beta": 0.7}

PHI_LONGROPE = {"short_factor": [1.0, 1.5, 2.0], "long_factor": [1.0, 2.0, 5.0]}

# Each case: `config` is written to config.json as it is; `store` names the type of matrices (and of vectors);
# `without` lists changes to the configuration that must matter; `shards` splits the weights; `idle` lists changes that
# cannot matter, because a layer's queries and keys are not turned (a key's bias then adds the same to all scores).
CASES = {
    # Odd heads, every bias, tied head; keys as transformers 4 wrote them.
    "llama_odd_biases": {
        "config": {"model_type": "llama", "hidden_size": 48, "intermediate_size": 80, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "vocab_size": 80, "rms_norm_eps": 1e-2, "rope_theta": 10000.0,
                   "rope_scaling": None, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True,
                   "torch_dtype": "float32"},
        "store": ("float32", "float32"),
        "without": {"rms_norm_eps": 1e-6, "rope_theta": 100.0},
    },
    "llama_even_linear": {
        "config": {"model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "vocab_size": 96, "rms_norm_eps": 1e-5, "rope_theta": 700.0,
                   "rope_scaling": {"type": "linear", "factor": 4.0}, "tie_word_embeddings": False,
                   "torch_dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"rope_scaling": None, "rope_theta": 10000.0},
    },
    # Nine heads in three groups, keys as transformers 5 writes them, bf16 matrices beside f32 vectors.
    "llama_nine_llama3": {
        "config": {"model_type": "llama", "hidden_size": 72, "intermediate_size": 104, "num_attention_heads": 9,
                   "num_key_value_heads": 3, "head_dim": 8, "vocab_size": 64, "rms_norm_eps": 1e-5,
                   "rope_parameters": {"rope_type": "llama3", "rope_theta": 500.0, **LLAMA3_ROPE},
                   "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": True, "dtype": "bfloat16"},
        "store": ("bfloat16", "float32"),
        "without": {"rope_parameters": [{"rope_type": "default", "rope_theta": 500.0}]
                    + [{"rope_type": "llama3", "rope_theta": 500.0, **LLAMA3_ROPE, **change} for change in
                       ({"factor": 2.0}, {"low_freq_factor": 0.25}, {"high_freq_factor": 4.0},
                        {"original_max_position_embeddings": 8})]},
    },
    # Old keys for llama3 scaling, and a head size that is not hidden / heads.
    "llama_even_llama3_head_dim": {
        "config": {"model_type": "llama", "hidden_size": 56, "intermediate_size": 88, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "head_dim": 20, "vocab_size": 64, "rms_norm_eps": 3e-6,
                   "rope_theta": 2000.0, "rope_scaling": {"rope_type": "llama3", **LLAMA3_ROPE},
                   "max_position_embeddings": 128, "attention_bias": True, "tie_word_embeddings": False,
                   "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"rope_scaling": [None] + [{"rope_type": "llama3", **LLAMA3_ROPE, **change} for change in
                                              ({"factor": 2.0}, {"low_freq_factor": 0.25}, {"high_freq_factor": 4.0},
                                               {"original_max_position_embeddings": 8})]},
    },
    "mistral_even_window": {
        "config": {"model_type": "mistral", "hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "vocab_size": 80, "rms_norm_eps": 1e-5, "rope_theta": 5000.0,
                   "sliding_window": 7, "tie_word_embeddings": False, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"sliding_window": [None, 6, 8], "rope_theta": 10000.0},
    },
    # No window, odd heads of an explicit size, linear scaling under the new keys, tied.
    "mistral_odd_head_dim": {
        "config": {"model_type": "mistral", "hidden_size": 48, "intermediate_size": 72, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "head_dim": 24, "vocab_size": 72, "rms_norm_eps": 2e-2,
                   "rope_parameters": {"rope_type": "linear", "rope_theta": 300.0, "factor": 2.5},
                   "sliding_window": None, "tie_word_embeddings": True, "dtype": "float32"},
        "store": ("float32", "float16"),
        "without": {"rms_norm_eps": 1e-6, "sliding_window": 7,
                    "rope_parameters": [{"rope_type": "default", "rope_theta": 300.0},
                                        {"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.5}]},
    },
    # A window is named but not used.
    "qwen2_odd_tied": {
        "config": {"model_type": "qwen2", "hidden_size": 48, "intermediate_size": 80, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "vocab_size": 80, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
                   "use_sliding_window": False, "sliding_window": 5, "max_window_layers": 1,
                   "tie_word_embeddings": True, "torch_dtype": "float32"},
        "store": ("float32", "float32"),
        "without": {"use_sliding_window": True, "rope_theta": 10000.0},
    },
    # The second layer slides, the first does not.
    "qwen2_even_window": {
        "config": {"model_type": "qwen2", "hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "vocab_size": 80, "rms_norm_eps": 1e-6, "rope_theta": 4000.0,
                   "use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1,
                   "tie_word_embeddings": False, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"use_sliding_window": False, "sliding_window": [5, 7], "max_window_layers": [0, 2]},
    },
    # Query and key norms, heads wider than hidden / heads, weights in two shards.
    "qwen3_odd_shards": {
        "config": {"model_type": "qwen3", "hidden_size": 48, "intermediate_size": 80, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "head_dim": 32, "vocab_size": 72, "rms_norm_eps": 1e-2,
                   "rope_theta": 1000000.0, "rope_scaling": None, "attention_bias": False,
                   "use_sliding_window": False, "sliding_window": None, "max_window_layers": 2,
                   "tie_word_embeddings": False, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"rms_norm_eps": 1e-6, "rope_theta": 10000.0},
        "shards": 2,
    },
    # New keys: the first layer slides by layer_types; biases on all four projections; llama3 scaling.
    "qwen3_even_window_biases": {
        "config": {"model_type": "qwen3", "hidden_size": 64, "intermediate_size": 88, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "head_dim": 12, "vocab_size": 80, "rms_norm_eps": 1e-6,
                   "rope_parameters": {"rope_type": "llama3", "rope_theta": 900.0, **LLAMA3_ROPE},
                   "attention_bias": True, "use_sliding_window": True, "sliding_window": 6, "max_window_layers": 2,
                   "layer_types": ["sliding_attention", "full_attention"], "tie_word_embeddings": True,
                   "dtype": "float16"},
        "store": ("float16", "float32"),
        "without": {"layer_types": [["full_attention"] * 2, ["full_attention", "sliding_attention"]],
                    "sliding_window": [5, 7],
                    "rope_parameters": [{"rope_type": "default", "rope_theta": 900.0},
                                        {"rope_type": "llama3", "rope_theta": 10000.0, **LLAMA3_ROPE}]},
    },
    # Every fourth layer without rotary embedding, which is what is meant where config.json does not say.
    "smollm3_even_default": {
        "config": {"model_type": "smollm3", "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 4,
                   "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-6,
                   "rope_theta": 5000.0, "use_sliding_window": False,
                   "sliding_window": None, "tie_word_embeddings": True, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"no_rope_layer_interval": [1, 2], "rope_theta": 10000.0},
    },
    # A list, a window where there is no rotary embedding, biases, odd heads; all at once, as nothing published has it.
    "smollm3_odd_list_window": {
        "config": {"model_type": "smollm3", "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 3,
                   "num_attention_heads": 3, "num_key_value_heads": 1, "vocab_size": 64, "rms_norm_eps": 1e-5,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 400.0}, "no_rope_layers": [1, 0, 1],
                   "use_sliding_window": True, "sliding_window": 6, "attention_bias": True, "mlp_bias": True,
                   "tie_word_embeddings": False, "dtype": "float16"},
        "store": ("float16", "float32"),
        "without": {"no_rope_layers": [[1, 1, 1], [0, 1, 1], [1, 0, 0]], "use_sliding_window": False,
                    "sliding_window": [5, 7]},
        "idle": ["without model.layers.1.self_attn.k_proj.bias"],
    },
    "granite_even_tied": {
        "config": {"model_type": "granite", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-5, "rope_theta": 8000.0,
                   "attention_bias": False, "mlp_bias": False, "embedding_multiplier": 6.0,
                   "attention_multiplier": 0.4, "residual_multiplier": 0.7, "logits_scaling": 3.0,
                   "tie_word_embeddings": True, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"embedding_multiplier": 1.0, "attention_multiplier": [1.0, 8 ** -0.5],
                    "residual_multiplier": 1.0, "logits_scaling": 1.0},
    },
    "granite_odd_biases": {
        "config": {"model_type": "granite", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "vocab_size": 64, "rms_norm_eps": 1e-5, "attention_bias": True,
                   "mlp_bias": True, "rope_parameters": {"rope_type": "default", "rope_theta": 300.0},
                   "embedding_multiplier": 12, "attention_multiplier": 0.5, "residual_multiplier": 2.2,
                   "logits_scaling": 0.5, "tie_word_embeddings": False, "dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"embedding_multiplier": 1.0, "attention_multiplier": [1.0, 0.25], "residual_multiplier": 1.0,
                    "logits_scaling": 1.0},
    },
    # Granite 4.0 without Mamba layers and experts: its MLP is what all tokens share, gate and up in one tensor.
    "granitemoehybrid_even_dense": {
        "config": {"model_type": "granitemoehybrid", "hidden_size": 32, "intermediate_size": 24,
                   "shared_intermediate_size": 40, "num_local_experts": 0, "num_experts_per_tok": 0,
                   "layer_types": ["attention", "attention"], "position_embedding_type": "rope",
                   "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-5,
                   "rope_theta": 8000.0, "attention_bias": True, "embedding_multiplier": 6,
                   "attention_multiplier": 0.4, "residual_multiplier": 0.7, "logits_scaling": 3,
                   "mamba_expand": 2, "mamba_n_heads": 4, "mamba_d_head": "auto", "tie_word_embeddings": True,
                   "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"embedding_multiplier": 1.0, "attention_multiplier": [1.0, 8 ** -0.5],
                    "residual_multiplier": 1.0, "logits_scaling": 1.0, "position_embedding_type": None},
    },
    # The same without positions, which the key's absence means.
    "granitemoehybrid_odd_nope": {
        "config": {"model_type": "granitemoehybrid", "hidden_size": 24, "intermediate_size": 32,
                   "shared_intermediate_size": 40, "num_local_experts": 0, "num_experts_per_tok": 0,
                   "layers_block_type": ["attention", "attention"], "num_attention_heads": 3,
                   "num_key_value_heads": 1, "vocab_size": 64, "rms_norm_eps": 1e-5, "attention_multiplier": 0.5,
                   "mamba_expand": 2, "mamba_n_heads": 4, "mamba_d_head": "auto", "tie_word_embeddings": False,
                   "dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"position_embedding_type": "rope", "attention_multiplier": 1.0},
        "idle": ["rotary halves interleaved"],
    },
    # YaRN as Qwen's model cards say to add it: old keys, the attention factor left to the program.
    "qwen2_odd_yarn": {
        "config": {"model_type": "qwen2", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 64, "rms_norm_eps": 1e-6,
                   "rope_theta": 500.0, "rope_scaling": {"type": "yarn", **YARN}, "tie_word_embeddings": True,
                   "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"rope_scaling": [None] + [{"type": "yarn", **YARN, **change} for change in
                                              ({"factor": 2.0}, {"original_max_position_embeddings": 32},
                                               {"attention_factor": 1.0})]},
    },
    # New keys, every number of YaRN's own, and a layer that does not turn, which has no attention factor either.
    "smollm3_even_yarn": {
        "config": {"model_type": "smollm3", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 64, "rms_norm_eps": 1e-6,
                   "no_rope_layers": [1, 0],
                   "rope_parameters": {"rope_type": "yarn", "rope_theta": 400.0, **YARN, **YARN_OWN},
                   "use_sliding_window": False, "sliding_window": None, "tie_word_embeddings": True,
                   "dtype": "float16"},
        "store": ("float16", "float32"),
        "without": {"rope_parameters": [{"rope_type": "yarn", "rope_theta": 400.0, **YARN, **YARN_OWN, **change}
                                        for change in ({"mscale": 1.0}, {"mscale_all_dim": 2.0}, {"beta_fast": 32.0},
                                                       {"beta_slow": 0.1}, {"truncate": True}, {"factor": 8.0})],
                    "no_rope_layers": [[1, 1]]},
    },
    # Both goldens are longer than the original context: the long factors.
    "mistral_even_longrope": {
        "config": {"model_type": "mistral", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-5, "rope_theta": 200.0,
                   "rope_scaling": {"type": "longrope", **LONGROPE}, "sliding_window": None,
                   "tie_word_embeddings": False, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"rope_scaling": [None] + [{"type": "longrope", **LONGROPE, **change} for change in
                                              ({"long_factor": [1.0, 1.5, 2.0, 2.5]}, {"attention_factor": 1.0},
                                               {"original_max_position_embeddings": 32})]},
    },
    # Rotary pairs beside each other, every bias, odd heads of an explicit size.
    "ernie_odd_biases": {
        "config": {"model_type": "ernie4_5", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 64, "rms_norm_eps": 1e-5, "rope_theta": 400.0,
                   "use_bias": True, "tie_word_embeddings": True, "dtype": "bfloat16"},
        "store": ("bfloat16", "float32"),
        "without": {"rope_theta": 10000.0},
    },
    "ernie_even": {
        "config": {"model_type": "ernie4_5", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 64, "rms_norm_eps": 1e-5,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 300.0}, "use_bias": False,
                   "sliding_window": 6, "tie_word_embeddings": False, "dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
    },
    # Biases on query, key and value and on the MLP, none on the output.
    "seed_oss_odd_biases": {
        "config": {"model_type": "seed_oss", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 64, "rms_norm_eps": 1e-5, "rope_theta": 400.0,
                   "attention_bias": True, "attention_out_bias": False, "mlp_bias": True, "tie_word_embeddings": False,
                   "dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"rope_theta": 10000.0},
    },
    # The first layer sees all, the second slides; llama 3's scaling.
    "cwm_even_llama3": {
        "config": {"model_type": "cwm", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 64, "rms_norm_eps": 1e-5, "sliding_window": 6,
                   "rope_parameters": {"rope_type": "llama3", "rope_theta": 500.0, **LLAMA3_ROPE},
                   "tie_word_embeddings": False, "dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"sliding_window": [5, 7], "layer_types": [["full_attention"] * 2, ["sliding_attention"] * 2],
                    "rope_parameters": {"rope_type": "default", "rope_theta": 500.0}},
    },
    # Fused tensors, longrope of three quarters of a head, more query than key heads: Phi-4-mini.
    "phi3_even_longrope_partial": {
        "config": {"model_type": "phi3", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-5, "rope_theta": 200.0,
                   "partial_rotary_factor": 0.75, "rope_scaling": {"type": "longrope", **PHI_LONGROPE},
                   "original_max_position_embeddings": 16, "sliding_window": 200, "attention_bias": False,
                   "tie_word_embeddings": True, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"rope_scaling": {"type": "longrope", **PHI_LONGROPE, "long_factor": [1.0, 1.5, 2.0]},
                    "original_max_position_embeddings": 8, "sliding_window": 7},
    },
    # Odd heads, a window over all layers, half of each head: everything that is not longrope.
    "phi3_odd_window": {
        "config": {"model_type": "phi3", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "vocab_size": 64, "rms_norm_eps": 1e-2,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 400.0, "partial_rotary_factor": 0.5},
                   "sliding_window": 6, "tie_word_embeddings": False, "dtype": "float16"},
        "store": ("float16", "float32"),
        "without": {"rms_norm_eps": 1e-6, "sliding_window": [None, 5, 7],
                    "rope_parameters": [{"rope_type": "default", "rope_theta": 400.0, "partial_rotary_factor": part}
                                        for part in (0.25, 0.75, 1.0)]},
    },
    # Whole heads and the short factors: the original context is longer than the goldens.
    "phi3_odd_short": {
        "config": {"model_type": "phi3", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 3, "vocab_size": 64, "rms_norm_eps": 1e-5, "rope_theta": 200.0,
                   "rope_scaling": {"type": "longrope", "short_factor": LONGROPE["long_factor"],
                                    "long_factor": [9.0, 9.0, 9.0, 9.0]},
                   "original_max_position_embeddings": 32, "sliding_window": None, "tie_word_embeddings": False,
                   "torch_dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"rope_scaling": {"type": "longrope", **{key: [1.0] * 4 for key in ("short_factor", "long_factor")}}},
    },
    # Remote code for transformers, whose Granite computes the same under other names.
    "minicpm_even_tied": {
        "config": {"model_type": "minicpm", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-5, "rope_theta": 5000.0,
                   "scale_emb": 12, "scale_depth": 1.4, "dim_model_base": 16, "tie_word_embeddings": True,
                   "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"scale_emb": 1, "scale_depth": 1, "dim_model_base": 32},
    },
    "minicpm_odd_biases": {
        "config": {"model_type": "minicpm", "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 3,
                   "num_attention_heads": 3, "num_key_value_heads": 1, "vocab_size": 64, "rms_norm_eps": 1e-5,
                   "attention_bias": True, "rope_scaling": {"rope_type": "longrope", **LONGROPE},
                   "scale_emb": 4, "scale_depth": 3.0, "dim_model_base": 8, "tie_word_embeddings": False,
                   "torch_dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"scale_emb": 1, "scale_depth": 1, "dim_model_base": 24, "rope_scaling": None},
    },
    # Norms of queries and keys behind the rotary embedding; theta grown by alpha.
    "hunyuan_odd_alpha": {
        "config": {"model_type": "hunyuan_v1_dense", "hidden_size": 24, "intermediate_size": 40,
                   "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 64,
                   "rms_norm_eps": 1e-2, "attention_bias": True, "rope_theta": 100.0,
                   "rope_scaling": {"type": "dynamic", "alpha": 50.0, "factor": 1.0, "beta_fast": 32, "beta_slow": 1,
                                    "mscale": 1.0, "mscale_all_dim": 1.0},
                   "use_qk_norm": True, "use_cla": False, "tie_word_embeddings": False, "torch_dtype": "float16"},
        "store": ("float16", "float32"),
        "without": {"rms_norm_eps": 1e-6, "rope_theta": 1000.0,
                    "rope_scaling": [None, {"type": "dynamic", "alpha": 2.0, "factor": 1.0}]},
    },
    "hunyuan_even_tied": {
        "config": {"model_type": "hunyuan_v1_dense", "hidden_size": 32, "intermediate_size": 40,
                   "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 64,
                   "rms_norm_eps": 1e-5, "rope_parameters": {"rope_type": "default", "rope_theta": 500.0},
                   "tie_word_embeddings": True, "dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
    },
    # Mistral's shape with a window in one layer of two.
    "ministral_even_layers": {
        "config": {"model_type": "ministral", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "head_dim": 12, "vocab_size": 64, "rms_norm_eps": 1e-5,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 800.0}, "sliding_window": 6,
                   "layer_types": ["full_attention", "sliding_attention"], "tie_word_embeddings": False,
                   "dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"sliding_window": [5, 7], "layer_types": [["full_attention"] * 2, ["sliding_attention"] * 2]},
    },
    # Norms that multiply by 1 + w, GELU, heads wider than hidden / heads, one key head for all.
    "gemma_even_tied": {
        "config": {"model_type": "gemma", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 1, "head_dim": 12, "vocab_size": 64, "rms_norm_eps": 1e-6,
                   "rope_theta": 300.0, "hidden_act": "gelu_pytorch_tanh", "tie_word_embeddings": True,
                   "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"hidden_act": ["silu"], "rope_theta": 10000.0},
    },
    # Caps on scores and logits, norms behind attention and MLP; the first layer slides, which is the default.
    "gemma2_even_window": {
        "config": {"model_type": "gemma2", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "head_dim": 12, "vocab_size": 64, "rms_norm_eps": 1e-6,
                   "rope_theta": 300.0, "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 12,
                   "sliding_window": 6, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 5.0,
                   "tie_word_embeddings": True, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"hidden_activation": ["silu"], "query_pre_attn_scalar": 48, "sliding_window": [5, 7],
                    "attn_logit_softcapping": [None, 4.0], "final_logit_softcapping": [None, 8.0]},
    },
    # Odd heads, the second layer slides, biases, a head of its own.
    "gemma2_odd_biases": {
        "config": {"model_type": "gemma2", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "head_dim": 8, "vocab_size": 64, "rms_norm_eps": 1e-3,
                   "rope_theta": 300.0, "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 5,
                   "sliding_window": 6, "attn_logit_softcapping": 3.0, "final_logit_softcapping": None,
                   "layer_types": ["full_attention", "sliding_attention"], "attention_bias": True,
                   "tie_word_embeddings": False, "dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"layer_types": [["full_attention"] * 2, ["sliding_attention", "full_attention"]],
                    "query_pre_attn_scalar": 8, "attn_logit_softcapping": 6.0, "final_logit_softcapping": 5.0},
    },
    # Six layers, of which the last sees all, by a table of its own; keys as transformers 4 wrote them.
    "gemma3_even_tied": {
        "config": {"model_type": "gemma3_text", "hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 6,
                   "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "vocab_size": 64,
                   "rms_norm_eps": 1e-6, "rope_theta": 3000.0, "rope_local_base_freq": 200.0,
                   "rope_scaling": {"rope_type": "linear", "factor": 4.0}, "sliding_window": 6,
                   "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 8, "tie_word_embeddings": True,
                   "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"rope_theta": 30.0, "rope_local_base_freq": 10000.0, "rope_scaling": None,
                    "query_pre_attn_scalar": 24, "sliding_window": [5, 7], "sliding_window_pattern": [2, 7]},
    },
    # Odd heads, keys as transformers 5 writes them, a cap on logits, which nothing published has.
    "gemma3_odd_types": {
        "config": {"model_type": "gemma3_text", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "head_dim": 12, "vocab_size": 64, "rms_norm_eps": 1e-3,
                   "rope_parameters": {
                       "full_attention": {"rope_type": "linear", "factor": 2.0, "rope_theta": 2000.0},
                       "sliding_attention": {"rope_type": "default", "rope_theta": 100.0}},
                   "layer_types": ["full_attention", "sliding_attention"], "sliding_window": 6,
                   "hidden_activation": "gelu_pytorch_tanh", "query_pre_attn_scalar": 5,
                   "final_logit_softcapping": 6.0, "tie_word_embeddings": False, "dtype": "float16"},
        "store": ("float16", "float32"),
        "without": {"layer_types": [["full_attention"] * 2, ["sliding_attention", "full_attention"]],
                    "final_logit_softcapping": None, "query_pre_attn_scalar": 12},
    },
    # Convolutions before, between and behind what attends; sizes of the MLP as they are written.
    "lfm2_even_tied": {
        "config": {"model_type": "lfm2", "hidden_size": 48, "intermediate_size": 72, "num_hidden_layers": 4,
                   "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 72, "norm_eps": 1e-2,
                   "rope_theta": 5000.0, "conv_L_cache": 3, "conv_bias": False, "block_auto_adjust_ff_dim": False,
                   "full_attn_idxs": [1, 2], "tie_embedding": True, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"norm_eps": 1e-6, "rope_theta": 100.0},
    },
    # Longer convolutions with biases, layers named one by one, a size that is reckoned, the head apart.
    "lfm2_odd_biases": {
        "config": {"model_type": "lfm2", "hidden_size": 36, "block_ff_dim": 100, "num_hidden_layers": 3,
                   "num_attention_heads": 3, "num_key_value_heads": 1, "vocab_size": 64, "norm_eps": 1e-5,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 300.0}, "conv_L_cache": 5,
                   "conv_bias": True, "block_auto_adjust_ff_dim": True, "block_ffn_dim_multiplier": 1.1,
                   "block_multiple_of": 16, "layer_types": ["conv", "full_attention", "conv"],
                   "tie_word_embeddings": False, "dtype": "float32"},
        "store": ("float32", "float32"),
        "without": {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
    },
    # Value heads that share key heads, of another size; the fourth layer attends.
    "qwen3_5_even_shared": {
        "config": {"model_type": "qwen3_5_text", "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 4,
                   "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 64,
                   "rms_norm_eps": 1e-2, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
                   "linear_key_head_dim": 8, "linear_value_head_dim": 12, "linear_conv_kernel_dim": 4,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": 0.5,
                                       "mrope_section": [2, 1, 1], "mrope_interleaved": True},
                   "tie_word_embeddings": True, "dtype": "bfloat16"},
        "store": ("bfloat16", "float32"),
        "without": {"rms_norm_eps": 1e-6,
                    "rope_parameters": [{"rope_type": "default", "rope_theta": 500.0, "partial_rotary_factor": factor,
                                         "mrope_section": [2, 1, 1]} for factor in (0.25, 1.0)]},
    },
    # Odd heads, biases, layers named one by one, the smallest convolution, a quarter of each head turned.
    "qwen3_5_odd_biases": {
        "config": {"model_type": "qwen3_5_text", "hidden_size": 36, "intermediate_size": 44, "num_hidden_layers": 3,
                   "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 60,
                   "rms_norm_eps": 1e-6, "linear_num_key_heads": 3, "linear_num_value_heads": 3,
                   "linear_key_head_dim": 10, "linear_value_head_dim": 6, "linear_conv_kernel_dim": 2,
                   "layer_types": ["full_attention", "linear_attention", "linear_attention"],
                   "attention_bias": True, "tie_word_embeddings": False, "dtype": "float32"},
        "store": ("float32", "float32"),
        "without": {"partial_rotary_factor": 0.5},
    },
    # Norms behind attention and MLP alone, norms of queries and keys; no window: all layers turn.
    "exaone4_odd_full": {
        "config": {"model_type": "exaone4", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 64, "rms_norm_eps": 1e-2,
                   "rope_theta": 1000.0, "rope_scaling": {"rope_type": "llama3", **LLAMA3_ROPE}, "sliding_window": None,
                   "layer_types": ["full_attention"] * 2, "tie_word_embeddings": True, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"rms_norm_eps": 1e-6, "rope_scaling": None, "rope_theta": 30.0},
    },
    # Three layers slide and turn, the fourth does neither: what is meant where nothing says otherwise.
    "exaone4_even_window": {
        "config": {"model_type": "exaone4", "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 4,
                   "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-5,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 500.0}, "sliding_window": 6,
                   "sliding_window_pattern": 4, "tie_word_embeddings": False, "dtype": "float16"},
        "store": ("float16", "float32"),
        "without": {"sliding_window": [5, 7], "sliding_window_pattern": [2, 3],
                    "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
    },
    # Norms over all of a query or key.
    "olmo2_even": {
        "config": {"model_type": "olmo2", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-2, "rope_theta": 500.0,
                   "attention_bias": False, "tie_word_embeddings": False, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"rms_norm_eps": 1e-6, "rope_theta": 10000.0},
    },
    "olmo2_odd_biases": {
        "config": {"model_type": "olmo2", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "vocab_size": 64, "rms_norm_eps": 1e-5, "attention_bias": True,
                   "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 300.0},
                   "tie_word_embeddings": True, "dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"rope_parameters": {"rope_type": "default", "rope_theta": 300.0}},
    },
    # YaRN, which the three layers that slide are without.
    "olmo3_even_yarn": {
        "config": {"model_type": "olmo3", "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 4,
                   "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 64, "rms_norm_eps": 1e-5,
                   "rope_theta": 300.0, "rope_scaling": {"type": "yarn", **YARN}, "sliding_window": 6,
                   "attention_bias": False, "tie_word_embeddings": False, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"rope_scaling": [None, {"type": "yarn", **YARN, "factor": 8.0}], "sliding_window": [5, 7],
                    "layer_types": [["full_attention"] * 4]},
    },
    # Half of each head is turned, its pairs beside each other; gate and up in one tensor.
    "glm_odd_partial": {
        "config": {"model_type": "glm", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 64, "rms_norm_eps": 1.5625e-07,
                   "rope_theta": 200.0, "partial_rotary_factor": 0.75, "attention_bias": False,
                   "tie_word_embeddings": True, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"partial_rotary_factor": [0.5, 1.0], "rope_theta": 10000.0},
    },
    # The same with norms behind attention and MLP besides; half of a head, which is the default.
    "glm4_even_biases": {
        "config": {"model_type": "glm4", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "head_dim": 12, "vocab_size": 64, "rms_norm_eps": 1e-2,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 200.0}, "attention_bias": True,
                   "tie_word_embeddings": False, "dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"partial_rotary_factor": 1.0, "rms_norm_eps": 1e-6,
                    "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
    },
    # Norms that subtract the mean, an MLP without a gate, every bias.
    "starcoder2_even_biases": {
        "config": {"model_type": "starcoder2", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "vocab_size": 64, "norm_epsilon": 1e-2, "rope_theta": 500.0,
                   "hidden_act": "gelu_pytorch_tanh", "use_bias": True, "sliding_window": None,
                   "tie_word_embeddings": True, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"norm_epsilon": 1e-6, "sliding_window": 7, "hidden_act": ["silu", "relu2"],
                    "rope_theta": 10000.0},
    },
    # All layers slide.
    "starcoder2_odd_window": {
        "config": {"model_type": "starcoder2", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "vocab_size": 64, "norm_epsilon": 1e-5, "hidden_act": "gelu_pytorch_tanh",
                   "rope_parameters": {"rope_type": "default", "rope_theta": 300.0}, "use_bias": False,
                   "sliding_window": 6, "tie_word_embeddings": False, "dtype": "float16"},
        "store": ("float16", "float32"),
        "without": {"hidden_act": ["silu"], "sliding_window": [None, 5, 7], "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
    },
    # A quarter of each head is turned, which is the default; biases on query, key and value.
    "stablelm_even_biases": {
        "config": {"model_type": "stablelm", "hidden_size": 48, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 4, "vocab_size": 64, "layer_norm_eps": 1e-2, "rope_theta": 20.0,
                   "head_dim": 12, "partial_rotary_factor": 0.34, "use_qkv_bias": True, "qk_layernorm": False,
                   "use_parallel_residual": False, "tie_word_embeddings": False, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"layer_norm_eps": 1e-6, "rope_theta": 10000.0, "partial_rotary_factor": [0.5, 1.0]},
    },
    # Attention and MLP side by side; odd heads.
    "stablelm_odd_parallel": {
        "config": {"model_type": "stablelm", "hidden_size": 48, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "vocab_size": 64, "layer_norm_eps": 1e-5,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 20.0},
                   "use_parallel_residual": True, "tie_word_embeddings": True, "dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"partial_rotary_factor": 0.5, "rope_parameters": {"rope_type": "default", "rope_theta": 1000.0}},
    },
    # Norms that multiply by 1 + w, max(x, 0) squared, half of each head.
    "nemotron_even_biases": {
        "config": {"model_type": "nemotron", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "vocab_size": 64, "norm_eps": 1e-2, "rope_theta": 100.0,
                   "partial_rotary_factor": 0.5, "hidden_act": "relu2", "attention_bias": True, "mlp_bias": True,
                   "tie_word_embeddings": False, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"norm_eps": 1e-6, "rope_theta": 10000.0, "partial_rotary_factor": [0.25, 1.0],
                    "hidden_act": "silu"},
    },
    "nemotron_odd_tied": {
        "config": {"model_type": "nemotron", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "head_dim": 12, "vocab_size": 64, "norm_eps": 1e-5,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 100.0}, "hidden_act": "relu2",
                   "tie_word_embeddings": True, "dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"partial_rotary_factor": 1.0},
    },
    # Attention and MLP side by side behind one norm without a bias, interleaved rotary halves, logits multiplied.
    "cohere_even_tied": {
        "config": {"model_type": "cohere", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "vocab_size": 64, "layer_norm_eps": 1e-2, "rope_theta": 500.0,
                   "logit_scale": 0.25, "attention_bias": False, "use_qk_norm": False, "tie_word_embeddings": True,
                   "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"layer_norm_eps": 1e-6, "rope_theta": 10000.0, "logit_scale": 1.0},
    },
    "cohere_odd_biases": {
        "config": {"model_type": "cohere", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "vocab_size": 64, "layer_norm_eps": 1e-5,
                   "rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 300.0}, "logit_scale": 1.5,
                   "attention_bias": True, "tie_word_embeddings": False, "dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"logit_scale": 1.0, "rope_parameters": {"rope_type": "default", "rope_theta": 300.0}},
    },
    # Three layers slide and turn, the fourth does neither: what is meant where nothing says otherwise.
    "cohere2_even_window": {
        "config": {"model_type": "cohere2", "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 4,
                   "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 64, "layer_norm_eps": 1e-5,
                   "rope_theta": 500.0, "logit_scale": 0.25, "sliding_window": 6, "sliding_window_pattern": 4,
                   "tie_word_embeddings": True, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"sliding_window": [5, 7], "sliding_window_pattern": [2, 3], "rope_theta": 10000.0,
                    "logit_scale": 1.0},
    },
    "cohere2_odd_types": {
        "config": {"model_type": "cohere2", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "vocab_size": 64, "layer_norm_eps": 1e-5,
                   "rope_parameters": {"rope_type": "default", "rope_theta": 300.0}, "logit_scale": 1.5,
                   "sliding_window": 6, "layer_types": ["full_attention", "sliding_attention"],
                   "attention_bias": True, "tie_word_embeddings": False, "dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"layer_types": [["sliding_attention", "full_attention"], ["sliding_attention"] * 2]},
        "idle": ["without model.layers.0.self_attn.k_proj.bias"],
    },
    # All of Gemma 4 E2B: rows for each layer, the last three layers read the keys of the second and the third and have
    # an MLP twice as wide, full layers have larger heads of which half of the pairs turn.
    "gemma4_even_shared": {
        "config": {"model_type": "gemma4_text", "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 6,
                   "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "global_head_dim": 16,
                   "vocab_size": 64, "vocab_size_per_layer_input": 64, "hidden_size_per_layer_input": 12,
                   "rms_norm_eps": 1e-2, "sliding_window": 6,
                   "layer_types": ["full_attention", "sliding_attention", "full_attention", "sliding_attention",
                                   "sliding_attention", "full_attention"],
                   "rope_parameters": {
                       "sliding_attention": {"rope_type": "default", "rope_theta": 50.0},
                       "full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.5,
                                          "rope_theta": 500.0}},
                   "num_kv_shared_layers": 3, "use_double_wide_mlp": True, "final_logit_softcapping": 6.0,
                   "hidden_activation": "gelu_pytorch_tanh", "tie_word_embeddings": True, "dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"rms_norm_eps": 1e-6, "sliding_window": [5, 7], "final_logit_softcapping": None,
                    "rope_parameters": [{"sliding_attention": {"rope_type": "default", "rope_theta": sliding},
                                         "full_attention": {"rope_type": "proportional", "partial_rotary_factor": part,
                                                            "rope_theta": full}}
                                        for sliding, part, full in ((500.0, 0.5, 500.0), (50.0, 0.25, 500.0),
                                                                    (50.0, 1.0, 500.0), (50.0, 0.5, 50.0))]},
        "idle": ["without model.layers.5.layer_scalar"],  # the last norm divides by it
    },
    # The dense ones' way: no rows, no shared keys; full layers' values are their keys, of other heads. Odd heads.
    "gemma4_odd_dense": {
        "config": {"model_type": "gemma4_text", "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 3,
                   "num_attention_heads": 6, "num_key_value_heads": 3, "num_global_key_value_heads": 2,
                   "attention_k_eq_v": True, "head_dim": 8, "global_head_dim": 12, "vocab_size": 64,
                   "hidden_size_per_layer_input": 0, "rms_norm_eps": 1e-5, "sliding_window": 6,
                   "layer_types": ["sliding_attention", "full_attention", "full_attention"],
                   "rope_parameters": {
                       "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
                       "full_attention": {"rope_type": "proportional", "factor": 2.0, "rope_theta": 50.0}},
                   "attention_bias": True, "use_bidirectional_attention": "vision",
                   "hidden_activation": "gelu_pytorch_tanh", "tie_word_embeddings": False, "dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"sliding_window": [5, 7], "final_logit_softcapping": 6.0,
                    "rope_parameters": {
                        "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
                        "full_attention": {"rope_type": "proportional", "rope_theta": 50.0}}},
        "idle": ["without model.layers.2.layer_scalar"],
    },
    # What is meant where the keys are absent: five layers slide, the last one does not; rope and windows of theirs.
    "gemma4_even_defaults": {
        "config": {"model_type": "gemma4_text", "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 6,
                   "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "global_head_dim": 16,
                   "vocab_size": 64, "vocab_size_per_layer_input": 72, "hidden_size_per_layer_input": 8,
                   "num_kv_shared_layers": 0, "rms_norm_eps": 1e-6, "tie_word_embeddings": True,
                   "torch_dtype": "float32"},
        "store": ("float32", "float32"),
        "without": {"sliding_window": 6, "layer_types": [["sliding_attention", "full_attention"] * 3]},
        "idle": ["without model.layers.5.layer_scalar"],
    },
    # Llama's shape with max(x, 0) squared and no gate.
    "arcee_even_biases": {
        "config": {"model_type": "arcee", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "head_dim": 12, "vocab_size": 64, "rms_norm_eps": 1e-5,
                   "hidden_act": "relu2", "rope_theta": 400.0, "rope_scaling": {"type": "yarn", **YARN},
                   "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": False, "torch_dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"hidden_act": "silu", "rope_scaling": None},
    },
    # Queries grow at the 8th and 16th position; YaRN.
    "ministral3_even_growth": {
        "config": {"model_type": "ministral3", "hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4,
                   "num_key_value_heads": 2, "head_dim": 12, "vocab_size": 64, "rms_norm_eps": 1e-5,
                   "rope_parameters": {"type": "yarn", "rope_theta": 300.0, **GROWING}, "sliding_window": None,
                   "tie_word_embeddings": False, "dtype": "bfloat16"},
        "store": ("bfloat16", "bfloat16"),
        "without": {"sliding_window": 7,
                    "rope_parameters": [{"type": "yarn", "rope_theta": 300.0, **GROWING, **change} for change in
                                        ({"llama_4_scaling_beta": 0.0}, {"factor": 16.0}, {"rope_theta": 1000.0},
                                         {"original_max_position_embeddings": 16})]},
    },
    # Keys as transformers 4 wrote them; all layers slide.
    "ministral3_odd_window": {
        "config": {"model_type": "ministral3", "hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3,
                   "num_key_value_heads": 1, "head_dim": 16, "vocab_size": 64, "rms_norm_eps": 1e-5, "rope_theta": 200.0,
                   "rope_scaling": {"rope_type": "yarn", **GROWING}, "sliding_window": 6,
                   "tie_word_embeddings": True, "torch_dtype": "float16"},
        "store": ("float16", "float16"),
        "without": {"sliding_window": [None, 5, 7],
                    "rope_scaling": {"rope_type": "yarn", **GROWING, "llama_4_scaling_beta": 0.0}},
    },
}

#!/usr/bin/env python3
"""Writes adapters with Hugging Face's peft, and the logits that torch computes with them.

    python peft_cases.py MODELS_HF MODELS_GGUF OUT
    ALPACA_PEFT_CASES=OUT go test ./internal/model -run PEFTCases

MODELS_HF holds folders of tiny checkpoints, MODELS_GGUF the same models as NAME.gguf. Needs torch, transformers and peft.
"""
import json
import os
import sys
import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

warnings.filterwarnings("ignore")
hf, gguf, out = sys.argv[1:4]
torch.manual_seed(1)

EVERY = ["gemma", "gemma2", "gemma3", "gemma4", "granite", "lfm2", "llama3", "llama-bin", "ministral3", "mistral", "mixtral-v5", "olmo2", "olmo3",
         "phi3", "phi4mini", "qwen2", "qwen2moe", "qwen3", "qwen35", "qwen3moe", "smollm3", "stablelm", "starcoder2", "gpt-oss-bf16"]


def cases():
    for name in EVERY:
        yield name, name, dict(r=4, lora_alpha=6, target_modules="all-linear")
    patterns = dict(rank_pattern={"q_proj": 2, r"layers\.1\.mlp\.down_proj": 8}, alpha_pattern={"k_proj": 3, "self_attn.v_proj": 16})
    linear = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    yield "patterns", "llama3", dict(r=4, lora_alpha=6, target_modules=linear, **patterns)
    yield "patterns-rslora", "qwen2", dict(r=4, lora_alpha=6, use_rslora=True, target_modules=linear, **patterns)
    yield "regex-layers", "llama-bin", dict(r=3, lora_alpha=4, target_modules=r".*\.(q|up)_proj", layers_to_transform=None)
    yield "one-layer", "llama-bin", dict(r=3, lora_alpha=4, target_modules=["q_proj", "up_proj"], layers_to_transform=[1])
    for base in ("llama-bin", "qwen2", "gemma2", "smollm3", "lfm2"):  # the list has models with and without tied embeddings
        yield f"embedding-{base}", base, dict(r=4, lora_alpha=6, target_modules=["embed_tokens", "q_proj"])
        yield f"head-{base}", base, dict(r=4, lora_alpha=6, target_modules=["lm_head", "q_proj"])
        yield f"both-{base}", base, dict(r=4, lora_alpha=6, target_modules=["embed_tokens", "lm_head"])
        yield f"tied-{base}", base, dict(r=4, lora_alpha=6, target_modules=["embed_tokens", "q_proj"], ensure_weight_tying=True)
        yield f"saved-embedding-{base}", base, dict(r=2, lora_alpha=6, target_modules=["q_proj"], modules_to_save=["embed_tokens"])
        yield f"saved-head-{base}", base, dict(r=2, lora_alpha=6, target_modules=["q_proj"], modules_to_save=["lm_head"])
        yield f"saved-tied-{base}", base, dict(r=2, lora_alpha=6, target_modules=["q_proj"], modules_to_save=["embed_tokens"], ensure_weight_tying=True)
    yield "norms-gemma3", "gemma3", dict(r=2, lora_alpha=6, target_modules=["q_proj"], modules_to_save=["input_layernorm", "q_norm", "norm", "post_feedforward_layernorm"])
    yield "norms-starcoder2", "starcoder2", dict(r=2, lora_alpha=6, target_modules=["c_fc"], modules_to_save=["input_layernorm", "norm"])
    yield "norms-olmo2", "olmo2", dict(r=2, lora_alpha=6, target_modules=["q_proj"], modules_to_save=["k_norm", "norm"])
    yield "saved-linear-llama3", "llama3", dict(r=2, lora_alpha=6, target_modules=["o_proj"], modules_to_save=["q_proj", "down_proj"])
    yield "saved-linear-qwen2", "qwen2", dict(r=2, lora_alpha=6, target_modules=["o_proj"], modules_to_save=["k_proj", "v_proj"])
    for base, parameters in (("mixtral-v5", ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]), ("qwen3moe", ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]),
                             ("qwen2moe", ["mlp.experts.down_proj"]), ("gpt-oss-bf16", ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"])):
        yield f"experts-{base}", base, dict(r=3, lora_alpha=6, target_modules=["q_proj"], target_parameters=parameters)
    yield "bin", "qwen2", dict(r=4, lora_alpha=6, target_modules=linear)


GGUF = {"mistral": "mistral-window"}  # this file has the window, which the converter leaves out
TOKENS = [1, 40, 280, 264, 290, 301, 17, 33, 5, 77, 120, 256]
for case, base, options in cases():
    folder = os.path.join(out, case)
    try:
        model = AutoModelForCausalLM.from_pretrained(os.path.join(hf, base), dtype=torch.float32, attn_implementation="eager")
        model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options))
        with torch.no_grad():
            for name, p in model.named_parameters():
                if "lora_" in name:
                    p.copy_(torch.randn_like(p) * 0.2)
                elif "modules_to_save" in name:
                    p.add_(torch.randn_like(p) * 0.1)
        model.save_pretrained(folder)
        if case == "bin":
            from safetensors.torch import load_file
            path = os.path.join(folder, "adapter_model.safetensors")
            torch.save(load_file(path), os.path.join(folder, "adapter_model.bin"))
            os.remove(path)
        # The expected logits are those of the adapter as peft loads it from the folder.
        model = AutoModelForCausalLM.from_pretrained(os.path.join(hf, base), dtype=torch.float32, attn_implementation="eager")
        plain = model(torch.tensor([TOKENS])).logits[0].clone()
        model = PeftModel.from_pretrained(model, folder).eval()
        with torch.no_grad():
            logits = model(torch.tensor([TOKENS])).logits[0]
        moved = (logits - plain).abs().max().item()
        with open(os.path.join(folder, "case.json"), "w") as f:
            json.dump(dict(model=os.path.join(gguf, GGUF.get(base, base) + ".gguf"), tokens=TOKENS, logits=logits.tolist(), moved=moved), f)
        print(f"{case:28} moved {moved:.2f}", flush=True)
    except Exception as e:  # this version of peft cannot adapt the architecture
        print(f"{case:28} {type(e).__name__}: {str(e)[:200]}", flush=True)

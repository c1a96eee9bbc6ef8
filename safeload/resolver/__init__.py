"""VerifiedSnapshot -> object: the Auto classes and what they do with judged records and bytes.

auto.py           the public classes: one per Auto name of transformers
arguments.py      what a caller may ask for; nothing is ignored in silence
config.py         AutoConfig, and a judged config with the caller's changes
loading.py        the order of a load: admit, build, plan, amend, fill
weights.py        which tensor goes where, before any byte of it is read
memory.py         judged bytes as torch tensors, without a copy
load_report.py    what a load found missing, left over or new
save_model.py     config.json and model.safetensors of a model
auto_tokenizer.py AutoTokenizer
auto_image_processor.py what AutoImageProcessor does
save.py           the one place that writes files
"""

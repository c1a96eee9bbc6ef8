"""xlm-roberta: XLM-RoBERTa, which is RoBERTa with another vocabulary.

Conneau et al., https://arxiv.org/abs/1911.02116. Its files say `roberta` throughout.
"""

from __future__ import annotations

from safeload.architectures.roberta import architecture

ARCHITECTURE = architecture("xlm-roberta", "XLMRoberta")

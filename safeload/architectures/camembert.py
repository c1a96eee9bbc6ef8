"""camembert: CamemBERT, which is RoBERTa with another vocabulary.

Martin et al., https://arxiv.org/abs/1911.03894. Its files say `roberta` throughout.
"""

from __future__ import annotations

from safeload.architectures.roberta import architecture

ARCHITECTURE = architecture("camembert", "Camembert")

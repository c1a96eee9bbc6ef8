"""The processor of models that read pages: an image processor that may read words, and a tokenizer.

    processor(picture, return_tensors="pt")                             words are read in the picture
    processor(picture, "What is the total?", return_tensors="pt")       a question about it
    processor(picture, words, boxes=boxes, word_labels=labels)          with apply_ocr=False

Same arguments and results as `LayoutLMv2Processor` of transformers 5. It holds no path and reads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeload.preprocessing.image_text_processor import ImageTextProcessor

if TYPE_CHECKING:
    from safeload.preprocessing.batch_encoding import BatchEncoding


class PageProcessor(ImageTextProcessor):
    """Pages and their words for one model. Built like `ImageTextProcessor`."""

    @property
    def model_input_names(self) -> list[str]:
        """What a model gets."""
        return ["input_ids", "bbox", "token_type_ids", "attention_mask", "image"]

    def __call__(  # type: ignore[override]  # noqa: PLR0917 - transformers' own, which differ as well
        self,
        images: Any,  # noqa: ANN401 - what callers pass
        text: Any = None,  # noqa: ANN401 - same
        text_pair: Any = None,  # noqa: ANN401 - same
        boxes: Any = None,  # noqa: ANN401 - same
        word_labels: Any = None,  # noqa: ANN401 - same
        add_special_tokens: bool = True,  # noqa: FBT001, FBT002 - the signature that callers know
        padding: bool | str = False,  # noqa: FBT001, FBT002 - same
        truncation: bool | str = False,  # noqa: FBT001, FBT002 - same
        max_length: int | None = None,
        stride: int = 0,
        pad_to_multiple_of: int | None = None,
        return_token_type_ids: bool | None = None,  # noqa: FBT001 - same
        return_attention_mask: bool | None = None,  # noqa: FBT001 - same
        return_overflowing_tokens: bool = False,  # noqa: FBT001, FBT002 - same
        return_special_tokens_mask: bool = False,  # noqa: FBT001, FBT002 - same
        return_offsets_mapping: bool = False,  # noqa: FBT001, FBT002 - same
        return_length: bool = False,  # noqa: FBT001, FBT002 - same
        verbose: bool = True,  # noqa: FBT001, FBT002 - same
        return_tensors: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - of the tokenizer
    ) -> BatchEncoding:
        """`input_ids`, `bbox`, masks, and the picture as `image`.

        Args:
            images: one page or several, as the image processor takes them.
            text: a question; or words, where they are not read in the picture.
            text_pair: words, where `text` is a question and they are not read in the picture.
            boxes: of the words.
            word_labels: of the words.
            add_special_tokens: as of the tokenizer, as is all that follows.
            padding: same.
            truncation: same.
            max_length: same.
            stride: same.
            pad_to_multiple_of: same.
            return_token_type_ids: same.
            return_attention_mask: same.
            return_overflowing_tokens: same; the pictures are repeated with their pages.
            return_special_tokens_mask: same.
            return_offsets_mapping: same.
            return_length: same.
            verbose: same.
            return_tensors: same, and of the picture.
            **kwargs: same.

        Raises:
            ValueError: boxes or labels of words that are read in the picture, or neither words nor reading.
            UsageError: tesseract is not installed.
            FormatError: tesseract failed, or took too much.
        """
        reads = bool(self.image_processor.apply_ocr)
        for name, given in (("boxes", boxes), ("word_labels", word_labels)):
            if reads and given is not None:
                raise ValueError(f"{name}= are of given words, and apply_ocr reads them in the picture")
        if not reads and text is None:
            raise ValueError("apply_ocr is off, so no words are read: give text= and boxes=")
        if return_overflowing_tokens and not return_offsets_mapping:
            raise ValueError("return_overflowing_tokens needs return_offsets_mapping")
        features = self.image_processor(images, return_tensors=return_tensors)
        if text is not None and reads and text_pair is None:
            text = [text] if isinstance(text, str) else text
            text_pair = features["words"]
        encoded: BatchEncoding = self.tokenizer(  # type: ignore[call-arg]  # a tokenizer of boxes
            text=features["words"] if text is None else text,
            text_pair=text_pair,
            boxes=features["boxes"] if boxes is None and reads else boxes,
            word_labels=word_labels,
            add_special_tokens=add_special_tokens,
            padding=padding,
            truncation=truncation,
            max_length=max_length,
            stride=stride,
            pad_to_multiple_of=pad_to_multiple_of,
            return_token_type_ids=return_token_type_ids,
            return_attention_mask=return_attention_mask,
            return_overflowing_tokens=return_overflowing_tokens,
            return_special_tokens_mask=return_special_tokens_mask,
            return_offsets_mapping=return_offsets_mapping,
            return_length=return_length,
            verbose=verbose,
            return_tensors=return_tensors,
            **kwargs,
        )
        pixels = features["pixel_values"]
        if return_overflowing_tokens:
            pixels = [pixels[int(page)] for page in encoded["overflow_to_sample_mapping"]]
        encoded["image"] = pixels
        return encoded

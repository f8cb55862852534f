"""SimplifiedBertClassifier: embedding, encoder, pooler, dropout, linear head. Staff only."""

from torch import Tensor, nn

# The hand-out's constants exist once, beside the stubs.
from assignments.bert.hyperparameters import MAX_SEQ_LEN

from .embedding import EmbeddingLayer
from .encoder import EncoderBlock
from .pooler import Pooler


class SimplifiedBertClassifier(nn.Module):
    """BERT with a classifier on top: token ids in, one score (logit) per class out.

    Formula:

        logits = classifier(Dropout(pooler(encoder(embedding(input_ids), attention_mask))))

    Arguments:
        vocab_size: how many different token ids there are.
        emb_size: C, the length of every vector in the model.
        n_layers: how many transformer blocks.
        n_heads: H, how many heads in each block.
        intermediate_size: I, the width inside each feed-forward layer.
        dropout: the dropout probability everywhere in the model, here too.
        n_classes: how many scores come out.

    Attributes to create:
        embedding: your EmbeddingLayer, for tweets of up to MAX_SEQ_LEN tokens.
        encoder: your EncoderBlock.
        pooler: your Pooler.
        dropout: Dropout.
        classifier: linear map C -> n_classes with bias.

    Read: BERT (Devlin et al. 2018), section 4.1 and figure 4 (b).

    Pitfalls:
        - No softmax at the end: the loss (cross-entropy) applies it itself.
        - The encoder needs the attention mask.
        - Every argument has to reach the parts that need it.
    """

    def __init__(
        self,
        vocab_size: int,
        emb_size: int,
        n_layers: int,
        n_heads: int,
        intermediate_size: int,
        dropout: float = 0.1,
        n_classes: int = 2,
    ) -> None:
        super().__init__()
        self.embedding = EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, dropout=dropout)
        self.encoder = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout)
        self.pooler = Pooler(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(emb_size, n_classes)

    def forward(self, input_ids: Tensor, attention_mask) -> Tensor:
        """Score a batch of tweets.

        Arguments:
            input_ids: token ids, shape (B, T), integers, T at most MAX_SEQ_LEN.
            attention_mask: 1 for real tokens and 0 for padding, shape (B, T). None means that
                there is no padding.

        Returns:
            One score per class, shape (B, n_classes).
        """
        emb = self.embedding(input_ids)  # (B, T) -> (B, T, C)
        encoder_out = self.encoder(emb, attention_mask)
        pooled = self.pooler(encoder_out)  # (B, T, C) -> (B, C)
        return self.classifier(self.dropout(pooled))  # (B, C) -> (B, n_classes)

from torch import nn

from .embedding import EmbeddingLayer
from .encoder import EncoderBlock
from .hyperparameters import MAX_SEQ_LEN
from .pooler import Pooler


class SimplifiedBertClassifier(nn.Module):
    def __init__(
        self,
        vocab_size,
        emb_size,
        n_layers,
        n_heads,
        intermediate_size,
        dropout=0.1,
        n_classes=2,
        max_seq_length=MAX_SEQ_LEN,
        layer_norm_eps=1e-12,
        initializer_range=0.02,
    ):
        super().__init__()
        self.initializer_range = initializer_range
        self.embedding = EmbeddingLayer(vocab_size, emb_size, max_seq_length, layer_norm_eps, dropout)
        self.encoder = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout, layer_norm_eps)
        self.pooler = Pooler(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(emb_size, n_classes)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            module.weight.data.normal_(mean=0.0, std=self.initializer_range)
        elif isinstance(module, nn.LayerNorm):
            module.bias.data.zero_()
            module.weight.data.fill_(1.0)
        if isinstance(module, nn.Linear) and module.bias is not None:
            module.bias.data.zero_()

    def forward(self, input_ids, attention_mask=None):
        hidden = self.encoder(self.embedding(input_ids), att_mask=attention_mask)
        logits = self.classifier(self.dropout(self.pooler(hidden)))
        return logits

import torch.nn as nn

from layers import EmbeddingLayer, MultiHeadAttention, Pooler, PositionWiseFeedForward

MAX_SEQ_LEN = 128


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.attn = MultiHeadAttention(emb_size, n_heads, dropout, layer_norm_eps)
        self.ff = PositionWiseFeedForward(emb_size, intermediate_size, dropout, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        return self.ff(self.attn(emb, att_mask))


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.blocks = nn.ModuleList(
            TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps) for _ in range(n_layers)
        )

    def forward(self, emb, att_mask=None):
        for block in self.blocks:
            emb = block(emb, att_mask)
        return emb


class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, n_classes=2):
        super().__init__()
        self.embedding = EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, dropout=dropout)
        self.encoder = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout)
        self.pooler = Pooler(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(emb_size, n_classes)

    def forward(self, input_ids, attention_mask=None):
        x = self.embedding(input_ids)
        x = self.encoder(x, attention_mask)
        x = self.pooler(x)
        return self.classifier(self.dropout(x))

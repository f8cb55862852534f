import math

import torch
import torch.nn as nn
import torch.nn.functional as F

MAX_SEQ_LEN = 128
LAYER_NORM_EPS = 1e-12


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=LAYER_NORM_EPS, dropout=0.1):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("position_ids", torch.arange(max_seq_length).unsqueeze(0))

    def forward(self, input_ids):
        T = input_ids.size(1)
        emb = self.word_embeddings(input_ids) + self.position_embeddings(self.position_ids[:, :T])
        return self.dropout(self.ln(emb))


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=LAYER_NORM_EPS):
        super().__init__()
        self.n_heads = n_heads
        self.head_size = emb_size // n_heads
        self.query = nn.Linear(emb_size, emb_size)
        self.key = nn.Linear(emb_size, emb_size)
        self.value = nn.Linear(emb_size, emb_size)
        self.final_linear = nn.Linear(emb_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        B, T, C = emb.size()
        q = self.query(emb).view(B, T, self.n_heads, self.head_size).transpose(1, 2)
        k = self.key(emb).view(B, T, self.n_heads, self.head_size).transpose(1, 2)
        v = self.value(emb).view(B, T, self.n_heads, self.head_size).transpose(1, 2)
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        if att_mask is not None:
            att = att.masked_fill(att_mask.view(B, 1, 1, T) == 0, float("-inf"))
        att = self.dropout(F.softmax(att, dim=-1))
        y = (att @ v).transpose(1, 2).contiguous().view(B, T, C)
        return self.ln(emb + self.dropout(self.final_linear(y)))


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=LAYER_NORM_EPS):
        super().__init__()
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.gelu = nn.GELU()
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out):
        return self.ln(att_out + self.dropout(self.fc2(self.gelu(self.fc1(att_out)))))


class TransformerBlock(nn.Module):
    def __init__(self, emb_size, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=LAYER_NORM_EPS):
        super().__init__()
        self.attn = MultiHeadAttention(emb_size, n_heads, dropout, layer_norm_eps)
        self.ff = PositionWiseFeedForward(emb_size, intermediate_size, dropout, layer_norm_eps)

    def forward(self, emb, att_mask=None):
        return self.ff(self.attn(emb, att_mask))


class EncoderBlock(nn.Module):
    def __init__(self, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, layer_norm_eps=LAYER_NORM_EPS):
        super().__init__()
        self.transformer_layers = nn.ModuleList(
            [
                TransformerBlock(emb_size, n_heads, intermediate_size, dropout, layer_norm_eps)
                for _ in range(n_layers)
            ]
        )

    def forward(self, emb, att_mask=None):
        for layer in self.transformer_layers:
            emb = layer(emb, att_mask)
        return emb


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.dense = nn.Linear(emb_size, emb_size)
        self.activation = nn.Tanh()

    def forward(self, encoder_out):
        return self.activation(self.dense(encoder_out[:, 0]))


class SimplifiedBertClassifier(nn.Module):
    def __init__(self, vocab_size, emb_size, n_layers, n_heads, intermediate_size, dropout=0.1, n_classes=2):
        super().__init__()
        self.embedding = EmbeddingLayer(vocab_size, emb_size, MAX_SEQ_LEN, dropout=dropout)
        self.encoder = EncoderBlock(emb_size, n_layers, n_heads, intermediate_size, dropout)
        self.pooler = Pooler(emb_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(emb_size, n_classes)

    def forward(self, input_ids, attention_mask=None):
        out = self.encoder(self.embedding(input_ids), attention_mask)
        return self.classifier(self.dropout(self.pooler(out)))


if __name__ == "__main__":
    model = SimplifiedBertClassifier(100, 32, 2, 4, 64)
    print(model(torch.randint(0, 100, (3, 10))).shape)

import torch
import torch.nn as nn
import torch.nn.functional as F


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.layer_norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.max_seq_length = max_seq_length

    def forward(self, input_ids):
        if input_ids.size(1) > self.max_seq_length:
            raise ValueError("sequence too long")
        pos = torch.arange(input_ids.size(1), dtype=torch.long, device=input_ids.device)
        x = self.word_embeddings(input_ids)
        x = x + self.position_embeddings(pos).expand_as(x)
        return self.dropout(self.layer_norm(x))


class MultiHeadAttention(nn.Module):
    def __init__(self, emb_size, n_heads, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.n_heads, self.head_size = n_heads, emb_size // n_heads
        self.query, self.key, self.value, self.final_linear = (nn.Linear(emb_size, emb_size) for _ in range(4))
        self.dropout = nn.Dropout(dropout)
        self.layer_norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, emb, att_mask=None):
        heads = []
        Q, K, V = self.query(emb), self.key(emb), self.value(emb)
        for h in range(self.n_heads):
            s = slice(h * self.head_size, (h + 1) * self.head_size)
            scores = Q[..., s] @ K[..., s].transpose(1, 2) / self.head_size ** 0.5
            if att_mask is not None:
                pad = (1 - att_mask.to(scores.dtype)) * -1e9
                scores = scores + pad.unsqueeze(1)
            heads.append(self.dropout(F.softmax(scores, dim=2)) @ V[..., s])
        return self.layer_norm(emb + self.dropout(self.final_linear(torch.cat(heads, dim=2))))


class PositionWiseFeedForward(nn.Module):
    def __init__(self, emb_size, intermediate_size, dropout=0.1, layer_norm_eps=1e-12):
        super().__init__()
        self.fc1 = nn.Linear(emb_size, intermediate_size)
        self.fc2 = nn.Linear(intermediate_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        self.layer_norm = nn.LayerNorm(emb_size, eps=layer_norm_eps)

    def forward(self, att_out):
        return self.layer_norm(att_out + self.dropout(self.fc2(F.gelu(self.fc1(att_out)))))


class Pooler(nn.Module):
    def __init__(self, emb_size):
        super().__init__()
        self.linear = nn.Linear(emb_size, emb_size)

    def forward(self, encoder_out):
        return self.linear(encoder_out[:, 0]).tanh()

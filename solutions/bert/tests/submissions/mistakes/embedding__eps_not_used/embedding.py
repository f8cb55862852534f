import torch
import torch.nn as nn


class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super().__init__()
        self.tok_emb = nn.Embedding(vocab_size, emb_size, padding_idx=0)
        self.pos_emb = nn.Embedding(max_seq_length, emb_size)
        self.layer_norm = nn.LayerNorm(emb_size)
        self.drop = nn.Dropout(dropout)

    def forward(self, input_ids):
        pos = torch.arange(input_ids.size(1), dtype=torch.long, device=input_ids.device)
        pos = pos.unsqueeze(0).expand_as(input_ids)
        return self.drop(self.layer_norm(self.tok_emb(input_ids) + self.pos_emb(pos)))

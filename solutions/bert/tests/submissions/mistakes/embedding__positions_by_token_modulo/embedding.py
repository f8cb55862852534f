import torch
from torch import Tensor, nn

class EmbeddingLayer(nn.Module):

    def __init__(self, vocab_size: int, emb_size: int, max_seq_length: int, layer_norm_eps: float=1e-12, dropout: float=0.1) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.ln = nn.LayerNorm(emb_size, eps=layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        positions = torch.arange(max_seq_length).unsqueeze(0)
        self.register_buffer('position_ids', positions, persistent=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        n_tokens = input_ids.shape[1]
        words = self.word_embeddings(input_ids)
        places = self.position_embeddings(input_ids % self.position_ids.shape[1])
        return self.dropout(self.ln(words + places))

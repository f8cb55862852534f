from torch import arange, nn


class EmbeddingLayer(nn.Module):

    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super(EmbeddingLayer, self).__init__()
        self.word_embeddings = nn.Embedding(vocab_size, emb_size)
        self.position_embeddings = nn.Embedding(max_seq_length, emb_size)
        self.ln = nn.LayerNorm(emb_size, layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer('position_ids', arange(max_seq_length)[None])

    def forward(self, input_ids):
        T = input_ids.shape[1]
        x = self.word_embeddings(input_ids)
        x = self.ln(x)
        x = x + self.position_embeddings(self.position_ids[:, :T])
        return self.dropout(x)

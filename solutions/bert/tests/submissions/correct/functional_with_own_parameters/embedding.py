import torch, torch.nn as nn, torch.nn.functional as F
class EmbeddingLayer(nn.Module):
    def __init__(self, vocab_size, emb_size, max_seq_length, layer_norm_eps=1e-12, dropout=0.1):
        super(EmbeddingLayer, self).__init__()
        self.word_embeddings = nn.Parameter(torch.randn(vocab_size, emb_size) * 0.02)
        self.position_embeddings = nn.Parameter(torch.zeros(1, max_seq_length, emb_size))
        nn.init.trunc_normal_(self.position_embeddings, std=0.02)
        self.gamma = nn.Parameter(torch.ones(emb_size))
        self.beta = nn.Parameter(torch.zeros(emb_size))
        self.eps, self.p = layer_norm_eps, dropout
    def forward(self, input_ids):
        T = input_ids.size(-1)
        x = F.embedding(input_ids, self.word_embeddings) + self.position_embeddings[:, :T]
        x = F.layer_norm(x, x.shape[-1:], self.gamma, self.beta, self.eps)
        return F.dropout(x, self.p, self.training)

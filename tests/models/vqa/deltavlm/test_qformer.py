import torch

from eowidgets.models.vqa.deltavlm.qformer import CrossAttention, QFormer


def qformer(**given):
    torch.manual_seed(0)
    return QFormer(**{"width": 16, "heads": 2, "layers": 2, "queries": 3, "dropout": 0.0} | given).eval()


def test_shapes_and_weights_that_sum_to_one():
    seen, text = torch.randn(2, 10, 16), torch.randn(6, 5, 16)
    out, weights = qformer()(seen, text, torch.zeros(6, 5, dtype=torch.bool))
    assert out.shape == (6, 3 + 5, 16) and weights.shape == (6, 2, 3, 10)
    torch.testing.assert_close(weights.sum(-1), torch.ones(6, 2, 3))


def test_gradients_reach_queries_pictures_and_instruction():
    net = qformer()
    seen = torch.randn(2, 10, 16, requires_grad=True)
    text = torch.randn(4, 5, 16, requires_grad=True)
    net(seen, text, torch.zeros(4, 5, dtype=torch.bool))[0][:, :3].square().sum().backward()
    for x in (seen, text, net.queries):
        assert float(x.grad.abs().sum()) > 0
    assert all(p.grad is not None for n, p in net.named_parameters() if "mlp_text" not in n or "layers.0" in n)


def test_questions_about_one_pair_do_not_see_one_another_nor_the_other_pair():
    net = qformer()
    seen, text = torch.randn(2, 10, 16), torch.randn(4, 5, 16)
    hidden = torch.zeros(4, 5, dtype=torch.bool)
    both = net(seen, text, hidden)[0]
    for i in range(4):
        alone = net(seen[i // 2 : i // 2 + 1], text[i : i + 1], hidden[:1])[0]
        torch.testing.assert_close(both[i : i + 1], alone, atol=1e-5, rtol=1e-4)


def test_the_instruction_changes_what_the_queries_find_and_empty_words_do_not():
    net = qformer()
    seen, text = torch.randn(1, 10, 16), torch.randn(1, 5, 16)
    hidden = torch.tensor([[False, False, False, True, True]])
    found = net(seen, text, hidden)[0][:, :3]
    other = text.clone()
    other[:, 3:] = 9.0
    torch.testing.assert_close(net(seen, other, hidden)[0][:, :3], found)
    other[:, 0] = 9.0
    assert float((net(seen, other, hidden)[0][:, :3] - found).abs().max()) > 1e-3


def test_attention_is_that_of_torch():
    torch.manual_seed(1)
    mine, theirs = CrossAttention(8, 2), torch.nn.MultiheadAttention(8, 2, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([mine.q.weight, mine.kv.weight]))
        theirs.in_proj_bias.copy_(torch.cat([mine.q.bias, mine.kv.bias]))
        theirs.out_proj.weight.copy_(mine.out.weight)
        theirs.out_proj.bias.copy_(mine.out.bias)
    x, memory = torch.randn(2, 3, 8), torch.randn(2, 5, 8)
    expected, weights = theirs(x, memory, memory, average_attn_weights=False)
    out, mine_weights = mine(x, memory)
    torch.testing.assert_close(out, expected)
    torch.testing.assert_close(mine_weights, weights)

"""Signatures that the reference implementation made: `model-signing` 1.1.1 with `pyopenssl`, over `FILES`.

The recipe, in an environment of its own (it imports OpenSSL and declares no dependency on it):

    pip install model-signing==1.1.1 pyopenssl
    hashing = model_signing.hashing.Config().set_ignored_paths(paths=[Path("model.sig")])
    config = model_signing.signing.Config().set_hashing_config(hashing)
    config.use_elliptic_key_signer(private_key=Path("k.pem")).sign(Path("model"), Path("files.sig"))

with `hashing.use_shard_serialization(shard_size=8)` for SHARDS_SIG, and for CERTIFICATE_SIG
`use_certificate_signer` with a leaf of `forge.oms.certificate`, valid until 2124, below ROOT. The private
keys are gone.
"""

FILES = {
    "config.json": b'{"model_type": "bert"}',
    "sub/x.txt": b"hello\n",
    ".gitattributes": b"* text\n",
}
"""The last one is left out by convention: nobody signed it."""

KEY = (
    b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVJoFZ0qv2s9cJJLrkVCU4vWDEUnz\nlRrf"
    b"rTxFiDDEleUYT6P8XpsUhC4DrNgq0RYWMfnFvmL/Ckhm2IdFm502Hw==\n-----END PUBLIC KEY-----\n"
)
ROOT = (
    b"-----BEGIN CERTIFICATE-----\nMIIBgTCCAQigAwIBAgIUEMhJQTBugvcxjz3LvclGZBiNH2QwCgYIKoZIzj0EAwIw\nDzE"
    b"NMAsGA1UEAwwEcm9vdDAgFw0yNDAxMDEwMDAwMDBaGA8yMTI0MDEwMTAwMDAw\nMFowDzENMAsGA1UEAwwEcm9vdDB2MBAGBy"
    b"qGSM49AgEGBSuBBAAiA2IABEUR6TFh\n0eYZFQbUthsqeRbtHs3G2aLf8dBmZ8CaHtbiVu6ylTdz5Kbgy47r8RJ3Mzrq2v6p\n"
    b"9yO2t3pUy4QVE8mFy4D3cIgOWSVb/c4VcEbXvv3iJmbPGBk+5jqD0XSZoKMjMCEw\nDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8"
    b"BAf8EBAMCAgQwCgYIKoZIzj0EAwIDZwAw\nZAIwbxOkh7IkrHUZfC7O4AYYozgW/LFHFw3IEaY3L3BkSB0LV8JzJV/68W5EVg"
    b"/7\nI79MAjA6yo9Ny5u1J0zfvx17/SCLC2QRWUGynNP/wY18bmM8S6SUJub2p0Rb99Gg\nBFr3JIA=\n-----END CERTIFICAT"
    b"E-----\n"
)
FILES_SIG = (
    b'{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey"'
    b':{"hint":"8b8e3a56683d4d83b98ab68ee6f7e019b9903316d4d150fbbcb7f84fdc12dd8b"},"tlogEntries":[]},"'
    b'dsseEnvelope":{"payload":"ewogICJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIiwKICAic3'
    b"ViamVjdCI6IFsKICAgIHsKICAgICAgIm5hbWUiOiAibW9kZWwiLAogICAgICAiZGlnZXN0IjogewogICAgICAgICJzaGEyNT"
    b"YiOiAiNzgzZmNiODRiODM3NjA5NTA4MzgwMzhhM2VjNTBiODUxZmYwY2JlNjU3ODM1MTdhODY0M2M5OThjOTQ2MWQxZiIKIC"
    b"AgICAgfQogICAgfQogIF0sCiAgInByZWRpY2F0ZVR5cGUiOiAiaHR0cHM6Ly9tb2RlbF9zaWduaW5nL3NpZ25hdHVyZS92MS"
    b"4wIiwKICAicHJlZGljYXRlIjogewogICAgInNlcmlhbGl6YXRpb24iOiB7CiAgICAgICJhbGxvd19zeW1saW5rcyI6IGZhbH"
    b"NlLAogICAgICAiaGFzaF90eXBlIjogInNoYTI1NiIsCiAgICAgICJpZ25vcmVfcGF0aHMiOiBbCiAgICAgICAgIi5naXRodW"
    b"IiLAogICAgICAgICIuZ2l0YXR0cmlidXRlcyIsCiAgICAgICAgIi5naXQiLAogICAgICAgICJtb2RlbC5zaWciLAogICAgIC"
    b"AgICIuZ2l0aWdub3JlIgogICAgICBdLAogICAgICAibWV0aG9kIjogImZpbGVzIgogICAgfSwKICAgICJyZXNvdXJjZXMiOi"
    b"BbCiAgICAgIHsKICAgICAgICAibmFtZSI6ICJjb25maWcuanNvbiIsCiAgICAgICAgImRpZ2VzdCI6ICI1N2I5MTUzNWY3Y2"
    b"M1NTJjOTZkZjhlNTdiYjhmYmEyMTY3ZTJjZTAzOGE2ZTZiODE3ZTEyZTc5MWQxMjM1ZDQ4IiwKICAgICAgICAiYWxnb3JpdG"
    b"htIjogInNoYTI1NiIKICAgICAgfSwKICAgICAgewogICAgICAgICJuYW1lIjogInN1Yi94LnR4dCIsCiAgICAgICAgImRpZ2"
    b"VzdCI6ICI1ODkxYjViNTIyZDVkZjA4NmQwZmYwYjExMGZiZDlkMjFiYjRmYzcxNjNhZjM0ZDA4Mjg2YTJlODQ2ZjZiZTAzIi"
    b'wKICAgICAgICAiYWxnb3JpdGhtIjogInNoYTI1NiIKICAgICAgfQogICAgXQogIH0KfQ==","payloadType":"applicati'
    b'on/vnd.in-toto+json","signatures":[{"sig":"MEYCIQCYiif2sscuE73qFFiRf91Zyfx4XrKEky6+SF9PvJ/E8QIhA'
    b'PggFJDX7dqSFGo2PL0Kbb5xyS+lDP8BijFXJZxa05Gk","keyid":""}]}}'
)
SHARDS_SIG = (
    b'{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey"'
    b':{"hint":"8b8e3a56683d4d83b98ab68ee6f7e019b9903316d4d150fbbcb7f84fdc12dd8b"},"tlogEntries":[]},"'
    b'dsseEnvelope":{"payload":"ewogICJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIiwKICAic3'
    b"ViamVjdCI6IFsKICAgIHsKICAgICAgIm5hbWUiOiAibW9kZWwiLAogICAgICAiZGlnZXN0IjogewogICAgICAgICJzaGEyNT"
    b"YiOiAiODhlYzRiZDI1YjBhYmMyYTIyODkzOGMwN2JmMjg3MmEwMGY1NTFlNzVhMmNhZWZhZTVmY2ExODY0NjYwZWNmMiIKIC"
    b"AgICAgfQogICAgfQogIF0sCiAgInByZWRpY2F0ZVR5cGUiOiAiaHR0cHM6Ly9tb2RlbF9zaWduaW5nL3NpZ25hdHVyZS92MS"
    b"4wIiwKICAicHJlZGljYXRlIjogewogICAgInNlcmlhbGl6YXRpb24iOiB7CiAgICAgICJhbGxvd19zeW1saW5rcyI6IGZhbH"
    b"NlLAogICAgICAiaGFzaF90eXBlIjogInNoYTI1NiIsCiAgICAgICJzaGFyZF9zaXplIjogOC4wLAogICAgICAiaWdub3JlX3"
    b"BhdGhzIjogWwogICAgICAgICIuZ2l0aHViIiwKICAgICAgICAiLmdpdGF0dHJpYnV0ZXMiLAogICAgICAgICIuZ2l0IiwKIC"
    b"AgICAgICAibW9kZWwuc2lnIiwKICAgICAgICAiLmdpdGlnbm9yZSIKICAgICAgXSwKICAgICAgIm1ldGhvZCI6ICJzaGFyZH"
    b"MiCiAgICB9LAogICAgInJlc291cmNlcyI6IFsKICAgICAgewogICAgICAgICJuYW1lIjogImNvbmZpZy5qc29uOjA6OCIsCi"
    b"AgICAgICAgImRpZ2VzdCI6ICJiMWFjNzg0YjkyZDk1Y2NiZGYxNGQxMTkzZjNiYzMwMmM2YThjNWEwMjZlMzZhMjM5NzZhMG"
    b"U5OGQ0NjMzMTA0IiwKICAgICAgICAiYWxnb3JpdGhtIjogInNoYTI1Ni1zaGFyZGVkLTgiCiAgICAgIH0sCiAgICAgIHsKIC"
    b"AgICAgICAibmFtZSI6ICJjb25maWcuanNvbjo4OjE2IiwKICAgICAgICAiZGlnZXN0IjogImQ0YWUzNWU5OWMzMjc5NWM3ND"
    b"UwNzZlOTI2Y2IwYzM3NzBkYjRlYmE5ZWUzYjdmNjMyMWM4MDhlNzNjOTI2YzUiLAogICAgICAgICJhbGdvcml0aG0iOiAic2"
    b"hhMjU2LXNoYXJkZWQtOCIKICAgICAgfSwKICAgICAgewogICAgICAgICJuYW1lIjogImNvbmZpZy5qc29uOjE2OjIyIiwKIC"
    b"AgICAgICAiZGlnZXN0IjogIjczN2IyZWZjYzExYzdhMzU2YjhjNTEzMmQwNzM2ZjM1YjgxY2IyMGY3OTFlODRhZGM5MDEyZW"
    b"EyZjk3OGI5OGIiLAogICAgICAgICJhbGdvcml0aG0iOiAic2hhMjU2LXNoYXJkZWQtOCIKICAgICAgfSwKICAgICAgewogIC"
    b"AgICAgICJuYW1lIjogInN1Yi94LnR4dDowOjYiLAogICAgICAgICJkaWdlc3QiOiAiNTg5MWI1YjUyMmQ1ZGYwODZkMGZmMG"
    b"IxMTBmYmQ5ZDIxYmI0ZmM3MTYzYWYzNGQwODI4NmEyZTg0NmY2YmUwMyIsCiAgICAgICAgImFsZ29yaXRobSI6ICJzaGEyNT"
    b'Ytc2hhcmRlZC04IgogICAgICB9CiAgICBdCiAgfQp9","payloadType":"application/vnd.in-toto+json","signat'
    b'ures":[{"sig":"MEQCIHJvgsTg36hThDGA2EIMziKQQFf7N0ER34bFmEHnVxd5AiAloVXVWNmdSilJ1gh3QvuSXtldp7YXC'
    b'VDQ/5W1KwTBMA==","keyid":""}]}}'
)
CERTIFICATE_SIG = (
    b'{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"x509Certif'
    b'icateChain":{"certificates":[{"rawBytes":"MIIBmDCCAR6gAwIBAgIUUiXRw9qU9JIRt8p1u3SgkQEPFlcwCgYIKo'
    b"ZIzj0EAwIwDzENMAsGA1UEAwwEcm9vdDAgFw0yNDAxMDEwMDAwMDBaGA8yMTI0MDEwMTAwMDAwMFowDzENMAsGA1UEAwwEbG"
    b"VhZjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFSaBWdKr9rPXCSS65FQlOL1gxFJ85Ua3608RYgwxJXlGE+j/F6bFIQuA6"
    b"zYKtEWFjH5xb5i/wpIZtiHRZudNh+jVjBUMAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeAMBMGA1UdJQQMMAoGCCsGAQ"
    b"UFBwMDMB8GA1UdEQQYMBaBFHJlbGVhc2VAYWNtZS5leGFtcGxlMAoGCCqGSM49BAMCA2gAMGUCMDD9Dhnwc4zLMCv3gbzA/P"
    b"u10QBn6Zh5Dpbf/moXddWeDBg8VjdH3Skcl3CTebC2owIxAJryvenS/4uDk/GdwVxTBN8K6aeXgNPF5jTULQY1c4RjNWsQs7"
    b'Q6CjLGvNtpQwHjlg=="},{"rawBytes":"MIIBgTCCAQigAwIBAgIUEMhJQTBugvcxjz3LvclGZBiNH2QwCgYIKoZIzj0EAw'
    b"IwDzENMAsGA1UEAwwEcm9vdDAgFw0yNDAxMDEwMDAwMDBaGA8yMTI0MDEwMTAwMDAwMFowDzENMAsGA1UEAwwEcm9vdDB2MB"
    b"AGByqGSM49AgEGBSuBBAAiA2IABEUR6TFh0eYZFQbUthsqeRbtHs3G2aLf8dBmZ8CaHtbiVu6ylTdz5Kbgy47r8RJ3Mzrq2v"
    b"6p9yO2t3pUy4QVE8mFy4D3cIgOWSVb/c4VcEbXvv3iJmbPGBk+5jqD0XSZoKMjMCEwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ"
    b"8BAf8EBAMCAgQwCgYIKoZIzj0EAwIDZwAwZAIwbxOkh7IkrHUZfC7O4AYYozgW/LFHFw3IEaY3L3BkSB0LV8JzJV/68W5EVg"
    b'/7I79MAjA6yo9Ny5u1J0zfvx17/SCLC2QRWUGynNP/wY18bmM8S6SUJub2p0Rb99GgBFr3JIA="}]},"tlogEntries":[]}'
    b',"dsseEnvelope":{"payload":"ewogICJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIiwKICAi'
    b"c3ViamVjdCI6IFsKICAgIHsKICAgICAgIm5hbWUiOiAibW9kZWwiLAogICAgICAiZGlnZXN0IjogewogICAgICAgICJzaGEy"
    b"NTYiOiAiNzgzZmNiODRiODM3NjA5NTA4MzgwMzhhM2VjNTBiODUxZmYwY2JlNjU3ODM1MTdhODY0M2M5OThjOTQ2MWQxZiIK"
    b"ICAgICAgfQogICAgfQogIF0sCiAgInByZWRpY2F0ZVR5cGUiOiAiaHR0cHM6Ly9tb2RlbF9zaWduaW5nL3NpZ25hdHVyZS92"
    b"MS4wIiwKICAicHJlZGljYXRlIjogewogICAgInNlcmlhbGl6YXRpb24iOiB7CiAgICAgICJhbGxvd19zeW1saW5rcyI6IGZh"
    b"bHNlLAogICAgICAiaGFzaF90eXBlIjogInNoYTI1NiIsCiAgICAgICJpZ25vcmVfcGF0aHMiOiBbCiAgICAgICAgIi5naXRo"
    b"dWIiLAogICAgICAgICIuZ2l0YXR0cmlidXRlcyIsCiAgICAgICAgIi5naXQiLAogICAgICAgICJtb2RlbC5zaWciLAogICAg"
    b"ICAgICIuZ2l0aWdub3JlIgogICAgICBdLAogICAgICAibWV0aG9kIjogImZpbGVzIgogICAgfSwKICAgICJyZXNvdXJjZXMi"
    b"OiBbCiAgICAgIHsKICAgICAgICAibmFtZSI6ICJjb25maWcuanNvbiIsCiAgICAgICAgImRpZ2VzdCI6ICI1N2I5MTUzNWY3"
    b"Y2M1NTJjOTZkZjhlNTdiYjhmYmEyMTY3ZTJjZTAzOGE2ZTZiODE3ZTEyZTc5MWQxMjM1ZDQ4IiwKICAgICAgICAiYWxnb3Jp"
    b"dGhtIjogInNoYTI1NiIKICAgICAgfSwKICAgICAgewogICAgICAgICJuYW1lIjogInN1Yi94LnR4dCIsCiAgICAgICAgImRp"
    b"Z2VzdCI6ICI1ODkxYjViNTIyZDVkZjA4NmQwZmYwYjExMGZiZDlkMjFiYjRmYzcxNjNhZjM0ZDA4Mjg2YTJlODQ2ZjZiZTAz"
    b'IiwKICAgICAgICAiYWxnb3JpdGhtIjogInNoYTI1NiIKICAgICAgfQogICAgXQogIH0KfQ==","payloadType":"applica'
    b'tion/vnd.in-toto+json","signatures":[{"sig":"MEYCIQDOf1gM5SVezjCDcTbCwcdPta7JTNLdRoetHKxDqGWIWAI'
    b'hAMOST91RbtqHD/0iN89AQFf45OPeWiYXXperDeYABEQT","keyid":""}]}}'
)

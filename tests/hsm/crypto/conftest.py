"""Both engines for whoever asks for ``engine``."""

from collections.abc import Iterator

import pytest

from hsm.crypto import blockcipher


@pytest.fixture(params=[blockcipher.OpenSslCipher, blockcipher.PycryptodomeCipher], ids=["openssl", "pycryptodome"])
def engine(request: pytest.FixtureRequest) -> Iterator[blockcipher.Engine]:
    """Puts each engine in force in turn."""
    before = blockcipher.engine
    chosen: blockcipher.Engine = request.param
    blockcipher.engine = chosen
    yield chosen
    blockcipher.engine = before

"""Rows 93 to 99: what comes, or does not, from a network."""

from __future__ import annotations

from tests.bad_input.catalogue import shown_by

DOWNLOADS = "tests/engine/test_downloads.py"

shown_by(
    93, "no network, a proxy, a page that wants a login",
    f"{DOWNLOADS}::test_without_a_network_one_sentence_tells_it",
    f"{DOWNLOADS}::test_a_proxy_of_the_environment_is_used",
    f"{DOWNLOADS}::test_a_page_of_the_network_is_not_taken_for_a_model",
)  # fmt: skip
shown_by(94, "401, 403, 404, 429, 500", f"{DOWNLOADS}::test_what_a_server_refuses_is_a_sentence")
shown_by(
    95, "a file with another sum", f"{DOWNLOADS}::test_what_is_not_the_file_is_removed_and_told"
)
shown_by(
    97, "a redirect to another host",
    f"{DOWNLOADS}::test_the_file_may_lie_on_another_server_which_gets_no_credentials",
)  # fmt: skip
shown_by(
    98, "a model of pickles alone",
    "tests/engine/test_folder_variants.py::test_a_folder_of_old_style_weights_alone_loads",
)  # fmt: skip
shown_by(
    96, "a certificate that nobody vouches for",
    f"{DOWNLOADS}::test_a_server_that_nobody_vouches_for_gets_no_question",
)  # fmt: skip
shown_by(
    99, "an address with a secret in it",
    f"{DOWNLOADS}::test_a_secret_that_was_pasted_with_an_address_is_neither_kept_nor_sent",
)  # fmt: skip

"""`python -m suite oddities`: what the original's oddities do to the data."""

import json
from pathlib import Path
from typing import Annotated

from suite.options import Vocab, console, file_option, files_option, number_option


def oddities(
    inputs: Annotated[
        list[Path], files_option("Text to make instances of.", "--input")
    ],
    vocab: Vocab,
    record: Annotated[
        Path, file_option("Where the counts go, JSON; data.md of the report reads it.")
    ],
    dupe_factor: Annotated[int, number_option("Times the text is gone through.")] = 2,
) -> None:
    """Measure what each oddity of the original does to data.

    Instances are made in memory as the original makes them, without each of its
    oddities and without them all, under both maskings.
    """
    from reference.files import written_whole
    from reference.tokenization import Tokenizer
    from suite import oddity_effects
    from suite.data_report import effect_table
    from suite.progress import bars

    tokenizer = Tokenizer.from_file(vocab, lower_case=None)
    with bars(console) as shown:
        effects = oddity_effects.oddity_effects(
            inputs,
            tokenizer,
            dupe_factor,
            lambda done, total: shown.update("oddities", done, total, "variants"),
        )
    made = oddity_effects.record(inputs, tokenizer, effects)
    with written_whole(record) as file:
        file.write(json.dumps(made, indent=1) + "\n")
    console.print(effect_table(made["effects"]).to_string())
    console.print(f"Record: {record}")

"""First names for the people of the demo world."""

from __future__ import annotations

import numpy as np

FIRST_NAMES: tuple[str, ...] = tuple(
    """
    Mina Bea Chen Aino Akira Alma Amara Amir Ana Anders Anh Anouk Ansel Anya Arjun Arlo Asha Astrid Ayla Aziz
    Bao Basil Bashir Bela Berta Bilal Bina Bo Boris Bram Brigit Bruno Caio Cara Carlos Celia Cem Chidi Ciro Clara
    Cora Cosmo Dagny Dalia Dara Davi Deniz Dina Divya Dora Duc Duncan Edda Eero Efe Eino Elena Elif Elio Emeka
    Emre Enzo Erik Esra Ester Eva Ewa Farah Fatima Felix Femi Fergus Filip Fiona Flora Freya Gaia Galia Gao Gemma
    Gia Gita Goran Greta Gus Hadi Hana Hanne Haru Hassan Hedda Heidi Helmi Hiro Hoa Hugo Huda Ibrahim Ida Idris
    Ife Igor Ilan Ilse Imani Ines Ingrid Ioana Irma Isla Ivan Ivo Iza Jaan Jada Jai Jana Jarl Javi Jia Jin
    Joana Jomo Jonas Joy Juan Juno Kai Kaja Kamal Kana Karim Kato Keiko Kemal Kenji Kiana Kiran Kofi Koji Kwame
    Lale Lana Lars Layla Lea Leif Leila Leo Lev Lian Lidia Ling Lior Liv Lola Lotte Luca Lucia Luz Lwazi
    Maeve Maia Malik Manu Mara Marek Mari Marta Mateo Maya Mehdi Mei Mika Milan Milo Mira Mona Moses Mustafa Nadia
    Nala Nam Nana Naomi Nasim Neela Nell Neva Nia Nico Nils Nina Noa Noor Nora Nuno Nuri Oba Odin Ola
    Olga Oleg Olu Omar Onur Orla Orsi Oskar Otto Pablo Paola Pavel Pearl Pema Pia Pilar Priya Quinn Qiang Rafa
    Rana Ravi Rasmus Raya Rei Remy Reza Rhea Rina Rio Rohan Rosa Roza Ruben Rumi Ruth Ryo Saba Sade Said
    Sakura Salma Sami Sana Sanjay Sara Sasha Selim Sena Seo Shani Shen Shira Sian Sigrid Silas Simone Sina Siri Sofia
    Soren Stella Sunil Suri Sven Taavi Tadeo Tala Tamar Tao Tara Tariq Teo Tess Thandi Thea Theo Tia Tiago Tiina
    Timo Tomas Tove Tuan Tula Uchenna Ulla Uma Umar Una Uri Vera Vida Vikram Vilma Viola Wei Wim Wren Xavi
    Xia Ximena Yael Yan Yara Yasmin Yemi Ying Yoko Yuki Yusuf Yves Zadie Zahra Zane Zara Zeno Zeynep Ziad Zoe
    Zofia Zola Zora Zuri Zuzu
    """.split()  # noqa: SIM905 - a list of quoted names would take a page
)
"""Distinct, in ASCII, at most seven letters, from many languages."""


def people(n: int, generator: np.random.Generator) -> tuple[list[str], list[str]]:
    """Names for ``n`` people, all different.

    The list of first names is shuffled; when it is used up it starts again with a number behind the name.

    Args:
        n: how many people.
        generator: source of the shuffle.

    Returns:
        Their ids (``"mina"``, ``"mina2"``) and their names (``"Mina"``, ``"Mina 2"``).
    """
    order = generator.permutation(len(FIRST_NAMES))
    ids, names = [], []
    for person in range(n):
        again, place = divmod(person, len(FIRST_NAMES))
        name = FIRST_NAMES[order[place]]
        ids.append(name.lower() + (str(again + 1) if again else ""))
        names.append(name + (f" {again + 1}" if again else ""))
    return ids, names

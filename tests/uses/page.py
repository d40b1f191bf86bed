# SPDX-License-Identifier: Apache-2.0
"""A page of docs/uses: its fenced blocks, and what is to be typed and seen in them.

The grammar, for who writes a page:

    ```console             a terminal, as it looked: prompts, what is typed after them, and output
    ```sh                  lines for a shell, in one go
    ```yaml and others     a text, shown

An HTML comment directly before a block, which no reader sees, says more:

    <!-- test: DIRECTIVE[; DIRECTIVE...] -->

    terminal NAME    typed in that terminal; the first one has no name
    machine other    typed on a second machine: another engine
    engine OPTION... the machine's engine is one of its own for this page, started with these options
    needs WHAT       cannot be tried here; the next block of the section is its twin that can,
    tried PATH       or that file of the tree tries the same
    shown            not to be typed: shown only
    fails            the last command ends with an error
    file NAME        the block's text is saved as NAME first
    same PATH        the block's text is that of PATH in the tree
    password TEXT    what is typed at the prompts for a password in this block
    within SECONDS   for each command                                                 (300)

In output, `...` stands for any text of a line, and a line `...` for any lines.  A prompt is one
of those in PROMPT; what is expected of the program is the output up to the next prompt.
"""
import dataclasses
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
PROMPT = re.compile(r'''
    ( \$                                     # the host
    | [\w.-]+@[\w.-]+:[^\s$\#]*[$\#]         # bash in a container
    | [/~]\S* \s \#                          # busybox
    | [\w.-]+ \s login:
    | ([\w.-]+@[\w.-]+'s \s)? [Pp]assword:
    )(?:\s+(?P<typed>.*))?$''', re.VERBOSE)
DIRECTIVES = {'engine', 'tried', 'terminal', 'machine', 'needs', 'shown', 'fails', 'file', 'same', 'password', 'within'}


class Mistake(Exception):
    """The page is not as this grammar wants it."""


@dataclasses.dataclass
class Step:
    """Typed at `prompt`; then come `output` lines, then the next step's prompt."""
    prompt: str
    typed: str
    output: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Block:
    line: int
    heading: str
    language: str
    text: str
    said: dict

    @property
    def where(self):
        return self.said.get('machine', ''), self.said.get('terminal', '')

    @property
    def is_typed(self):
        return self.language in ('console', 'sh') and not self.said.keys() & {'shown', 'needs', 'file', 'same'}

    @property
    def title(self):
        first = self.steps()[0].typed if self.language == 'console' else self.text.split('\n')[0]
        return f'{self.heading}: {first}' if len(first) < 60 else f'{self.heading}: {first[:57]}...'

    def steps(self):
        """The block as steps; a line that ends in a backslash goes on in the next."""
        steps, more = [], False
        for line in self.text.split('\n'):
            if more:
                steps[-1].typed += ' ' + line.strip().removeprefix('> ')
            elif match := PROMPT.match(line):
                steps.append(Step(match[1], match['typed'] or ''))
            elif steps:
                steps[-1].output.append(line)
                continue
            else:
                raise Mistake(f'line {self.line}: a console block begins with a prompt')
            more = steps[-1].typed.endswith('\\')
            steps[-1].typed = steps[-1].typed.removesuffix('\\').rstrip()
        return steps


def directives(text, number):
    said = {}
    for word in filter(None, (w.strip() for w in text.split(';'))):
        key, _, value = word.partition(' ')
        if key not in DIRECTIVES:
            raise Mistake(f'line {number}: no directive {key}')
        said[key] = value.strip()
    return said


def blocks(path):
    """All blocks of a page, in order."""
    found, heading, said, fence = [], '', {}, None
    for number, line in enumerate(path.read_text().split('\n'), 1):
        if fence:
            if line.strip() == '```':
                fence.text = '\n'.join(body)
                found.append(fence)
                fence, said = None, {}
            else:
                body.append(line)
        elif line.startswith('```'):
            fence, body = Block(number, heading, line[3:].strip(), '', said), []
        elif match := re.match(r'<!-- test: (.*?) -->$', line):
            said = directives(match[1], number)
        elif line.startswith('#'):
            heading = line.lstrip('# ')
        elif line.strip() and said:
            raise Mistake(f'line {number}: the comment before this line belongs to no block')
    if fence:
        raise Mistake(f'line {fence.line}: a block without an end')
    check_twins(found)
    return found


def check_twins(found):
    """What needs something that a test has not got is followed by what can be tried."""
    for block, following in zip(found, found[1:] + [None]):
        if 'tried' in block.said:
            if not (TOP / block.said['tried']).exists():
                raise Mistake(f'line {block.line}: there is no {block.said["tried"]}')
        elif 'needs' in block.said and not (following and following.heading == block.heading):
            raise Mistake(f'line {block.line}: needs {block.said["needs"]}, and has no twin')


def matches(expected, actual):
    """Are these lines those, with `...` for anything and any number of blanks for blanks?"""
    def pattern(line):
        if line.strip() == '...':
            return r'(?:.*\n)*?'
        words = [r'.*'.join(map(re.escape, w.split('...'))) for w in line.split()]
        return r'[ \t]*' + r'[ \t]+'.join(words) + r'[ \t]*\n'

    def trimmed(lines):
        return [line for line in lines if line.strip()]

    text = ''.join(line + '\n' for line in trimmed(actual))
    return re.fullmatch(''.join(map(pattern, trimmed(expected))), text) is not None

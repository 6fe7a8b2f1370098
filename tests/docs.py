#!/usr/bin/env python3
"""The manuals of all headers as one HTML page (make docs): docs.py HEADER... >nc.html

The top of each header stands as it is, in its own columns; below it the public types and functions of
each section, each with its comment and a link to it. A name of a function or type in any text leads to
where it is declared.
"""
import html
import re
import sys

STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 15px/1.45 system-ui, sans-serif; display: flex; }
nav { width: 17em; height: 100vh; position: sticky; top: 0; overflow: auto; padding: 0 1em;
      flex: none; box-sizing: border-box; border-right: 1px solid #8886; }
nav ul { list-style: none; padding-left: 1em; margin: 0 0 .6em; }
main { padding: 0 2em 4em; min-width: 0; }
pre { font: 13px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-x: auto; margin: .3em 0; }
pre.top { padding: .8em 1em; border: 1px solid #8886; }
div.item { margin: 1.1em 0; padding-left: .8em; border-left: 3px solid #8884; }
div.item:target { border-color: #d70; }
p.comment { margin: .2em 0; max-width: 52em; }
p.names { column-width: 17em; font: 13px/1.5 ui-monospace, monospace; }
a { color: #06c; text-decoration: none; }
a.type { color: inherit; border-bottom: 1px dotted; }
@media (prefers-color-scheme: dark) { a { color: #6bf; } }
@media (max-width: 60em) { body { display: block; } nav { position: static; width: auto;
    height: auto; border: 0; } }
"""
GROUP = re.compile(r'^/\* -- (\w+)[: ](.*)')


def parts_of(text):
    """Title comment, and the public part behind the base block."""
    top = '   ' + text[2:text.index('*/')].strip()
    public = text[text.index('#define NC_', text.index('*/')):]
    return top, public[:re.search(r'^/\* =+ implementation =+', public, re.M).start()]


def plain(comment):
    """A comment's text without its marks."""
    lines = re.sub(r'^/\*|\*/$', '', comment.strip()).split('\n')
    return ' '.join(line.strip().removeprefix('*').strip() for line in lines).strip()


def declared(code):
    """The names that a declaration makes: the function's, the type's, the constants'."""
    if code.startswith('NC_API'):
        return [re.search(r'(\w+)\(', code).group(1)]
    if code.startswith('#define'):
        return [code.split()[1].split('(')[0]]
    body = re.sub(r'/\*.*?\*/', '', code, flags=re.S)
    last = (re.search(r'\}\s*(\w+);\s*$', body) or re.search(r'^typedef [^{]*\(\*(\w+)\)', body) or
            re.search(r'^typedef [^{]*?(\w+)(?:\[\w+\])?;', body))
    found = [last.group(1)] if last else []
    if body.startswith(('typedef enum', 'enum')):
        found += re.findall(r'[{,]\s*(NC_\w+)\b(?!\()', body)
    return found


def unfinished(block):
    """Whether the declaration that these lines begin goes on."""
    if block[0].startswith('#'):
        return block[-1].endswith('\\')
    code = re.sub(r'/\*.*?(\*/|$)', '', '\n'.join(block), flags=re.S)
    return code.count('{') != code.count('}') or not code.rstrip().endswith(';')


def items_of(public):
    """(section or None, comment, code) of each declaration, in order; code None: a section begins."""
    lines, at, section, comment = public.split('\n'), 0, 'types', ''
    while at < len(lines):
        line = lines[at]
        group = GROUP.match(line)
        block = [line]
        if line.startswith('/*'):
            while '*/' not in lines[at]:
                at += 1
                block.append(lines[at])
            text = '\n'.join(block)
            if group:
                section, comment = group.group(1), ''
                heading = re.sub(r'^-- \w+:?|[-=]{5,}', '', plain(text)).strip()
                yield section, heading, None
            elif '====' not in text and '>>' not in text:
                comment = plain(text)
        elif re.match(r'(NC_API|typedef|enum|struct|#define NC_)\b|#define NC_', line):
            while unfinished(block):
                at += 1
                block.append(lines[at])
            if block[-1].count('/*') > block[-1].count('*/'):
                at += 1
                block.append(lines[at])
            if not re.match(r'#define NC_(\w+_H|BASE_DEFINED|UNUSED|API)\b', line):
                yield section, comment, '\n'.join(block)
            comment = ''
        elif line.strip() == '' and not re.match(r'#', line):
            comment = ''
        at += 1


def main():
    headers = []
    where = {}
    for path in sys.argv[1:]:
        with open(path, encoding='utf-8') as file:
            top, public = parts_of(file.read())
        name = path.rsplit('/', 1)[-1]
        items = []
        for section, comment, code in items_of(public):
            names = declared(code) if code else []
            if code and not names:
                sys.exit(f'{name}: no name in: {code}')
            if all(where.setdefault(one, name) == name for one in names): # the base block once
                items.append((section, comment, code, names))
        headers.append((name, top, items))

    names_of_files = [header[0] for header in headers]

    def linked(text, own=()):
        def link(match):
            word = match.group(0)
            if word in names_of_files:
                return f'<a class="type" href="#{word}">{word}</a>'
            if word not in where or word in own:
                return word
            return f'<a class="type" href="#{word}">{word}</a>'
        return re.sub(r'\b(?:nc|NC)_\w+(?:\.h\b)?', link, html.escape(text, quote=False))

    print('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>nc: manuals</title>'
          '<meta name="viewport" content="width=device-width, initial-scale=1">'
          f'<style>{STYLE}</style></head>\n<body><nav><h2>nc</h2>')
    for name, _, items in headers:
        print(f'<a href="#{name}"><b>{name}</b></a><ul>')
        for section in dict.fromkeys(item[0] for item in items):
            print(f'<li><a href="#{name}-{section}">{section}</a></li>')
        print('</ul>')
    print('</nav><main>')
    for name, top, items in headers:
        print(f'<h1 id="{name}">{name}</h1>\n<pre class="top">', end='')
        tags = {item[0] for item in items}
        print(re.sub(r'^(\s+)&gt;&gt;(\w+)', lambda m: m.group(0) if m.group(2) not in tags else
                     f'{m.group(1)}<a href="#{name}-{m.group(2)}">&gt;&gt;{m.group(2)}</a>',
                     linked(top), flags=re.M) + '</pre>')
        last = None
        for section, comment, code, names in items:
            if section != last:
                title = f': {html.escape(comment)}' if not code and comment else ''
                print(f'<h2 id="{name}-{section}">{section}{title}</h2><p class="names">')
                mine = [one for s, _, c, n in items if s == section and c for one in n[:1]]
                print('<br>'.join(f'<a href="#{one}">{one}</a>' for one in mine) + '</p>')
                last = section
            if not code:
                continue
            print(f'<div class="item" id="{names[0]}">'
                  + ''.join(f'<span id="{one}"></span>' for one in names[1:])
                  + (f'<p class="comment">{linked(comment, names)}</p>' if comment else '')
                  + f'<pre>{linked(code, names)}</pre></div>')
    print('</main></body></html>')


if __name__ == '__main__':
    main()

"""The ratios as an SVG bar chart that reads on light and dark backgrounds."""
from html import escape

LEFT, BAR, GAP, WIDTH, TOP = 190, 11, 7, 460, 46
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 } .small { font-size: 11px; fill: #59636e }
  .grid { stroke: #d1d9e0 } .one { stroke: #59636e; stroke-dasharray: 4 3 } .goal { stroke: #9a6700; stroke-width: 2 }
  .t0 { fill: #0969da } .t1 { fill: #8250df }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 } .grid { stroke: #3d444d } .one { stroke: #9198a1 } .goal { stroke: #d29922 }
    .t0 { fill: #4493f8 } .t1 { fill: #ab7df8 }
  }
"""


def groups_of(bars):
    """Bars of the same label, in order: [(label, [(threads, ratio, goal)])]."""
    groups = {}
    for label, threads, ratio, goal in bars:
        groups.setdefault(label, []).append((threads, ratio, goal))
    return list(groups.items())


def svg(bars, caption):
    """`bars`: (label, threads, ratio, goal or None). The scale ends at 1.2; what is longer is cut, with its number."""
    scale = WIDTH / 1.2
    threads = sorted({bar[1] for bar in bars})
    out, y = [], TOP
    for label, group in groups_of(bars):
        out.append(f'<text x="{LEFT - 8}" y="{y + BAR * len(group) / 2 + 4}" text-anchor="end">{escape(label)}</text>')
        for count, ratio, goal in group:
            length = min(ratio, 1.2) * scale
            out.append(f'<rect class="t{min(threads.index(count), 1)}" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR - 1}" rx="1"/>')
            out.append(f'<text class="small" x="{LEFT + length + 4:.1f}" y="{y + BAR - 2}">{ratio:.2f}</text>')
            if goal:
                out.append(f'<line class="goal" x1="{LEFT + goal * scale:.1f}" x2="{LEFT + goal * scale:.1f}" y1="{y - 1}" y2="{y + BAR}"/>')
            y += BAR
        y += GAP
    grid = []
    for tick in (0, 0.2, 0.4, 0.6, 0.8, 1.0):
        x = LEFT + tick * scale
        grid.append(f'<line class="{"one" if tick == 1 else "grid"}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{y}"/>')
        grid.append(f'<text class="small" x="{x:.1f}" y="{y + 14}" text-anchor="middle">{tick:.1f}</text>')
    legend = "".join(f'<rect class="t{min(i, 1)}" x="{LEFT + 110 * i}" y="22" width="10" height="10" rx="1"/>'
                     f'<text class="small" x="{LEFT + 110 * i + 15}" y="31">{count} thread{"s" * (count > 1)}</text>'
                     for i, count in enumerate(threads))
    legend += (f'<line class="goal" x1="{LEFT + 225}" x2="{LEFT + 225}" y1="21" y2="33"/>'
               f'<text class="small" x="{LEFT + 232}" y="31">goal</text>')
    width, height = LEFT + WIDTH + 50, y + 24
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
            f'aria-label="{escape(caption, quote=True)}">\n<style>{STYLE}</style>\n<text x="{LEFT}" y="13">{escape(caption)}</text>\n'
            + "\n".join([legend, *grid, *out]) + "\n</svg>\n")

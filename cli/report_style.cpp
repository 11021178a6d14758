// The report's style sheet.
#include "html.h"

namespace sconce::cli {

// Colours come in pairs by light-dark needs: text and lines from one grey scale, one accent, eight curve
// colours that stay apart for the colour-blind (Okabe and Ito's, toned for each background).
const char* report_style() {
  return R"css(
:root{color-scheme:light dark;--bg:#f7f7f5;--card:#fff;--ink:#1d2125;--soft:#5c6670;--line:#e2e4e3;--accent:#b4530a;--good:#1f7a4d;--bad:#b3261e;
--heat:28,94,148;--c0:#0b6aa8;--c1:#b4530a;--c2:#157a5c;--c3:#b0498a;--c4:#8a6d00;--c5:#3c8fc7;--c6:#a3352b;--c7:#5b5f66;--grid:#ececea}
@media(prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1c2024;--ink:#e7e9ea;--soft:#9aa4ad;--line:#2e343a;--accent:#f0a04b;--good:#6fcf97;--bad:#f28b82;
--heat:88,166,228;--c0:#5fb2ec;--c1:#f0a04b;--c2:#4fc79b;--c3:#e08fc0;--c4:#e3c54a;--c5:#9bd0f5;--c6:#f28b82;--c7:#aeb6bd;--grid:#272c31}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1080px;margin:0 auto;padding:36px 24px 56px}
header{margin-bottom:24px}
h1{font-size:26px;line-height:1.25;letter-spacing:-.01em;margin:0 0 6px;overflow-wrap:anywhere}
h2{font-size:17px;margin:0 0 4px;letter-spacing:-.005em}
h3{font-size:14px;margin:0 0 8px;font-weight:600}
.kicker{color:var(--accent);font-size:12px;font-weight:650;letter-spacing:.08em;text-transform:uppercase;margin:0 0 6px}
.note{color:var(--soft);margin:0 0 16px;max-width:72ch}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:22px 24px;margin-top:18px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;background:none;border:0;padding:0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.tile b{display:block;font-size:25px;line-height:1.2;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:13px}
.tile small{display:block;color:var(--soft);font-size:12px;margin-top:2px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:0 -24px;padding:0 24px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
.classes{width:100%}
.classes th,.classes td{padding:7px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
.classes th:first-child,.classes td:first-child{text-align:left;padding-left:0;white-space:normal;overflow-wrap:anywhere;min-width:7em}
.classes td:last-child,.classes th:last-child{padding-right:0}
.classes thead th{color:var(--soft);font-weight:500;font-size:13px;border-bottom-color:var(--soft)}
.classes tbody th{font-weight:500}
.classes tfoot tr:first-child>*{border-top:1px solid var(--soft)}
.classes tfoot th{font-weight:600}.classes tr:last-child>*{border-bottom:0}
.bar{background:linear-gradient(rgba(var(--heat),.55),rgba(var(--heat),.55)) no-repeat left bottom/calc(var(--v)*100%) 2px}
.matrix{border-spacing:2px;border-collapse:separate;margin:0 auto 0 0}
.matrix td{width:var(--cell);min-width:var(--cell);height:var(--cell);text-align:center;padding:0 4px;border-radius:3px;font-size:13px}
.matrix th{font-weight:500;font-size:12px;color:var(--soft);padding:0 6px;max-width:11em;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.matrix th[scope=row]{text-align:right}
.matrix .axis{text-align:left;font-size:12px;padding-bottom:4px}
.matrix th.turned{height:7.5em;vertical-align:bottom;padding:0 0 4px}
.matrix th.turned span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:8em;overflow:hidden;text-overflow:ellipsis}
.matrix .right{outline:1px solid var(--line);outline-offset:-1px}
.dense th.turned span{max-height:7em;font-size:9px}.dense td{background:rgba(var(--heat),.03);font-size:0;padding:0;border-radius:0}.dense{border-spacing:0}.dense th{font-size:10px;padding:0 4px;line-height:1}
svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
svg text{fill:var(--soft)}svg .grid{stroke:var(--grid)}svg .frame{stroke:var(--soft);fill:none}svg .chance{stroke:var(--soft);stroke-dasharray:4 4;opacity:.7}
svg .curve{fill:none;stroke-width:1.8;stroke-linejoin:round}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:28px}
figure{margin:0}figcaption{font-weight:600;font-size:14px;margin-bottom:6px}
.legend{display:grid;grid-template-columns:repeat(auto-fill,minmax(180px,1fr));gap:2px 16px;list-style:none;padding:0;margin:8px 0 0;font-size:13px;font-variant-numeric:tabular-nums}
.legend li{display:flex;gap:8px;align-items:baseline;min-width:0}
.legend i{flex:none;width:16px;height:0;border-top:3px solid;transform:translateY(-4px)}
.legend span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.legend em{margin-left:auto;font-style:normal;color:var(--soft)}
.mistakes{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:12px;list-style:none;padding:0;margin:0}
.mistakes.pictures{grid-template-columns:repeat(auto-fill,minmax(148px,1fr))}
.mistakes li{border:1px solid var(--line);border-radius:8px;padding:10px 12px;min-width:0;break-inside:avoid}
.mistakes img{display:block;width:100%;height:112px;object-fit:contain;background:var(--bg);border-radius:5px;margin-bottom:8px;image-rendering:auto}
.mistakes img.tiny{image-rendering:pixelated}
.mistakes p{margin:0;font-size:13px;overflow-wrap:anywhere}.mistakes .name{color:var(--soft);font-size:12px}
.mistakes .wrong{color:var(--bad);font-weight:600}.mistakes .truth{color:var(--good);font-weight:600}
.mistakes dl{font-size:12px;gap:0 10px;margin-top:6px;grid-template-columns:minmax(0,1fr) max-content;font-variant-numeric:tabular-nums}.mistakes dd{text-align:right}
footer{color:var(--soft);font-size:13px;margin-top:22px}
.visually-hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(max-width:600px){main{padding:22px 14px 40px}section{padding:18px 16px}.scroll{margin:0 -16px;padding:0 16px}h1{font-size:22px}.tiles{grid-template-columns:1fr 1fr;gap:8px}
.tile b{font-size:21px}.charts{grid-template-columns:1fr}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}.mistakes dd{margin:0}}
@media print{:root{--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--heat:28,94,148}body{font-size:11px}main{max-width:none;padding:0}section{break-inside:avoid-page;padding:12px}
.scroll{overflow:visible}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
)css";
}

}  // namespace sconce::cli

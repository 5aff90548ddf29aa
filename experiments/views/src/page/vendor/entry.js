// What the charts use of D3; `make.sh` bundles it into `d3.min.js`.
export { scaleLinear, scaleLog } from "d3-scale";
export { area, line } from "d3-shape";

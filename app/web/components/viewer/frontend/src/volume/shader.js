// The fragment shader of a slice: HU through a window, a slab of neighbouring slices, and the heat on top.

export const SLAB = { off: 0, mip: 1, mean: 2, minip: 3 }

export const FRAGMENT = `#version 300 es
precision highp int;
precision highp float;
precision highp sampler3D;
uniform sampler3D hu;
uniform sampler3D heat;
uniform mat4 nativeFromFrac;
uniform mat4 heatFromFrac;
uniform float heatOpacity;
uniform vec2 window;
uniform int axCorSag;
uniform int slabMode;
uniform vec3 slabFrac;
uniform vec3 slabSamples;
uniform vec4 loaded;
in vec3 texPos;
out vec4 color;

float huAt(vec3 frac) {
  return texture(hu, (nativeFromFrac * vec4(frac, 1.0)).xyz).r;
}

bool hasCome(vec3 frac) {
  float at = (nativeFromFrac * vec4(frac, 1.0)).z;
  return (at >= loaded.x && at <= loaded.y) || (at >= loaded.z && at <= loaded.w);
}

float heatAt(vec3 frac) {
  vec3 at = (heatFromFrac * vec4(frac, 1.0)).xyz;
  bool inside = all(greaterThanEqual(at, vec3(0.0))) && all(lessThanEqual(at, vec3(1.0)));
  return inside ? texture(heat, at).r : 0.0;
}

void main() {
  vec3 through = axCorSag > 1 ? vec3(1.0, 0.0, 0.0) : axCorSag > 0 ? vec3(0.0, 1.0, 0.0) : vec3(0.0, 0.0, 1.0);
  float value = 0.0;
  float warm = 0.0;
  if (!hasCome(texPos)) { // hatched: no tissue looks like this
    color = mod(gl_FragCoord.x + gl_FragCoord.y, 16.0) < 2.0 ? vec4(0.2, 0.26, 0.32, 1.0) : vec4(0.06, 0.08, 0.1, 1.0);
    return;
  }
  if (slabMode == 0) {
    value = huAt(texPos);
    warm = heatOpacity > 0.0 ? heatAt(texPos) : 0.0;
  } else {
    int count = int(dot(slabSamples, through));
    vec3 thickness = slabFrac * through;
    int taken = 0;
    for (int i = 0; i < count; i++) {
      vec3 frac = texPos + thickness * ((float(i) + 0.5) / float(count) - 0.5);
      float edge = dot(frac, through);
      if (edge < 0.0 || edge > 1.0 || !hasCome(frac)) continue;
      float next = huAt(frac);
      value = taken == 0 ? next : slabMode == 1 ? max(value, next) : slabMode == 3 ? min(value, next) : value + next;
      if (heatOpacity > 0.0) warm = max(warm, heatAt(frac));
      taken++;
    }
    if (slabMode == 2) value /= float(max(taken, 1));
  }
  // An inverted window has its ends the other way round.
  float width = window.y - window.x;
  float grey = clamp((value - window.x) / (width < 0.0 ? min(width, -1.0) : max(width, 1.0)), 0.0, 1.0);
  // Dark red over orange to yellow; below a twentieth of the strongest voxel nothing is drawn.
  vec3 hot = vec3(mix(0.65, 1.0, warm), clamp(warm * 1.25 - 0.2, 0.0, 0.9), clamp(warm * 2.0 - 1.6, 0.0, 0.4));
  float alpha = heatOpacity * smoothstep(0.05, 0.3, warm);
  color = vec4(mix(vec3(grey), hot, alpha), 1.0);
}`
